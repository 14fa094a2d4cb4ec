/**
 * Lines, before anything draws them: smoothed, cut to what is shown, and decimated to what can be told apart.
 *
 * Pure. Invariants (lines.test.ts). (1) Smoothing shows no level that the raw line never had. (2) Decimation keeps the first and the last
 * point and every extreme. (3) A cut line keeps a neighbour on each side, so that it reaches the edges.
 */
export interface LinePoint {
  readonly x: number;
  readonly y: number;
}

/** [from, to] of an axis. */
export type Domain = readonly [number, number];

/**
 * The exponential moving average, started at the first value without a pull towards zero (Kingma and Ba's correction).
 * @param weight of the past, 0 (raw) to below 1
 */
export function smoothed(points: readonly LinePoint[], weight: number): readonly LinePoint[] {
  if (weight <= 0) return points;
  let sum = 0;
  let mass = 0;
  return points.map(({ x, y }) => {
    sum = weight * sum + (1 - weight) * y;
    mass = weight * mass + (1 - weight);
    return { x, y: sum / mass };
  });
}

/** What lies in the domain, and the nearest point on either side of it. Points are in the order of x. */
export function cut(points: readonly LinePoint[], [from, to]: Domain): readonly LinePoint[] {
  const first = points.findIndex(({ x }) => x >= from);
  const last = points.findLastIndex(({ x }) => x <= to);
  if (first === -1 || last === -1) return [];
  return points.slice(Math.max(0, first - 1), last + 2);
}

/**
 * At most two points, the smallest and the largest, for each of `buckets` equal parts of the x range, and both ends.
 * @param points in the order of x
 */
export function decimated(points: readonly LinePoint[], buckets: number): readonly LinePoint[] {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined || points.length <= 2 * buckets || last.x <= first.x)
    return points;
  const width = (last.x - first.x) / buckets;
  const kept: LinePoint[] = [first];
  let bucket = -1;
  let low = first;
  let high = first;
  const close = () => {
    if (bucket === -1) return;
    const pair = low.x <= high.x ? [low, high] : [high, low];
    for (const point of pair) if (point !== kept.at(-1)) kept.push(point);
  };
  for (const point of points) {
    const own = Math.min(buckets - 1, Math.floor((point.x - first.x) / width));
    if (own !== bucket) {
      close();
      bucket = own;
      low = high = point;
    } else {
      if (point.y < low.y) low = point;
      if (point.y > high.y) high = point;
    }
  }
  close();
  if (kept.at(-1) !== last) kept.push(last);
  return kept;
}

/** The points of all lines of one chart that can be drawn without being felt. */
const mostPoints = 1600;

/** Buckets for each of `lines` lines, on a plot about `pixels` wide. */
export function bucketsFor(lines: number, pixels: number): number {
  return Math.max(24, Math.min(Math.round(pixels / 2), Math.floor(mostPoints / (2 * Math.max(1, lines)))));
}

/** The point whose x is nearest; undefined where there is none. Points are in the order of x. */
export function nearest<T extends { readonly x: number }>(points: readonly T[], x: number): T | undefined {
  let [low, high] = [0, points.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (points[middle]!.x <= x) low = middle;
    else high = middle;
  }
  const [a, b] = [points[low], points[high]];
  if (a === undefined || b === undefined) return a ?? b;
  return x - a.x <= b.x - x ? a : b;
}

/**
 * Ends of a logarithmic axis around positive values: whole powers of ten, at least one decade, at most `decades` below the largest.
 * Null where there is no positive value.
 */
export function logDomain(values: readonly number[], decades = 8): Domain | null {
  let [low, high] = [Infinity, 0];
  for (const value of values) {
    if (!(value > 0)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (high === 0) return null;
  const top = Math.ceil(Math.log10(high) - 1e-9);
  const bottom = Math.min(top - 1, Math.max(top - decades, Math.floor(Math.log10(low) + 1e-9)));
  return [10 ** bottom, 10 ** top];
}

/** Powers of ten from end to end, at most about five. */
export function logTicks([from, to]: Domain): readonly number[] {
  const [low, high] = [Math.round(Math.log10(from)), Math.round(Math.log10(to))];
  const step = Math.ceil((high - low) / 4);
  const ticks: number[] = [];
  for (let power = low; power <= high; power += step) ticks.push(10 ** power);
  return ticks;
}

/** A part of `whole` that shows at least `least` of it, moved inside; null where it is all of it. */
export function zoomedTo(a: number, b: number, [from, to]: Domain, least: number): Domain | null {
  const size = Math.min(to - from, Math.max(least, Math.abs(b - a)));
  const middle = (Math.max(from, Math.min(a, b)) + Math.min(to, Math.max(a, b))) / 2;
  const start = Math.min(to - size, Math.max(from, middle - size / 2));
  return size >= to - from - 1e-9 ? null : [start, start + size];
}

/** One row for recharts: x, and the y of every line that has a point there. */
export type Row = Readonly<Record<string, number | readonly [number, number]>> & { readonly x: number };

/** Lines by key, joined by x. */
export function rowsOf(
  lines: readonly { readonly key: string; readonly points: readonly LinePoint[] }[],
): Row[] {
  type Joined = Record<string, number> & { x: number };
  const rows = new Map<number, Joined>();
  for (const { key, points } of lines) {
    for (const { x, y } of points) {
      const row: Joined = rows.get(x) ?? { x };
      row[key] = y;
      rows.set(x, row);
    }
  }
  return [...rows.values()].sort((a, b) => a.x - b.x);
}
