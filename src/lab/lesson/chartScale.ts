/**
 * The hero chart's geometry: calls per attempt against the lesson's time, in pixels. Pure, so that it can be tested and drawn anywhere.
 */
import type { Line } from './pair.ts';
import { positionOf, type Timeline } from './timeline.ts';

export interface PlotBox {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Ticks of the calls' axis, 0 and the top among them; the top is above every value. */
export function callTicks(lines: readonly Line[]): readonly number[] {
  const most = lines.reduce((max, { y }) => y.reduce((m, value) => Math.max(m, value), max), 0);
  const wanted = Math.max(1, most * 1.08);
  const step = [0.5, 1, 2, 5, 10, 20, 50].find((size) => wanted / size <= 6) ?? 100;
  const count = Math.ceil(wanted / step);
  return Array.from({ length: count + 1 }, (_, i) => i * step);
}

export function xOf(box: PlotBox, timeline: Timeline, round: number): number {
  return box.left + box.width * positionOf(timeline, round);
}

export function yOf(box: PlotBox, top: number, calls: number): number {
  return box.top + box.height * (1 - Math.min(1, Math.max(0, calls / top)));
}

/** An SVG path along a line; '' where nothing was measured. */
export function linePath(box: PlotBox, timeline: Timeline, top: number, { x, y }: Line): string {
  return x
    .map((round, row) => {
      const at = `${xOf(box, timeline, round).toFixed(1)} ${yOf(box, top, y[row] ?? 0).toFixed(1)}`;
      return `${row === 0 ? 'M' : 'L'}${at}`;
    })
    .join('');
}

/** The same closed down to the axis, for a tint below the line. */
export function areaPath(box: PlotBox, timeline: Timeline, top: number, line: Line): string {
  const [first, last] = [line.x.at(0), line.x.at(-1)];
  if (first === undefined || last === undefined) return '';
  const base = (box.top + box.height).toFixed(1);
  const right = xOf(box, timeline, last).toFixed(1);
  const left = xOf(box, timeline, first).toFixed(1);
  return `${linePath(box, timeline, top, line)}L${right} ${base}L${left} ${base}Z`;
}

/**
 * Labels of a height that must not lie on each other: their middles, in the order given, moved as little as needed and kept in the box.
 * Sorted, each less its place in the pile has to rise, so the least movement is the means of those that do not (isotonic regression).
 */
export function spread(box: PlotBox, middles: readonly number[], height: number): readonly number[] {
  const order = middles.map((_, i) => i).sort((i, j) => (middles[i] ?? 0) - (middles[j] ?? 0));
  const piles: { sum: number; count: number }[] = [];
  order.forEach((label, place) => {
    let pile = { sum: (middles[label] ?? 0) - place * height, count: 1 };
    for (let below = piles.at(-1); below !== undefined; below = piles.at(-1)) {
      if (below.sum / below.count <= pile.sum / pile.count) break;
      pile = { sum: below.sum + pile.sum, count: below.count + pile.count };
      piles.pop();
    }
    piles.push(pile);
  });
  const highest = box.top + height / 2;
  const lowest = Math.max(highest, box.top + box.height - height / 2 - (order.length - 1) * height);
  const placed = piles.flatMap(({ sum, count }) => {
    const at = Math.min(lowest, Math.max(highest, sum / count));
    return Array.from({ length: count }, () => at);
  });
  const result = [...middles];
  order.forEach((label, place) => {
    result[label] = (placed[place] ?? highest) + place * height;
  });
  return result;
}
