/**
 * A series: every metric at full resolution in columns, and a decimated picture of them for the charts. Appending a row costs a step
 * for each metric: buckets double their width when there are too many, and the points of closed buckets are kept.
 *
 * Invariants (metricSeries.test.ts). (1) Nothing measured is lost: the columns keep each row; only the picture is decimated. (2) A
 * bucket of rows becomes two points that hold each metric's smallest and largest value, so a spike of one row is always seen.
 */
import { metricNames, type MetricName, type MetricValues } from '../metrics/registry.ts';
import { pairs } from './histograms.ts';

/** One decimated point a chart can draw; keys are metric names, `x` the round (or SFT step). */
export type SeriesPoint = { readonly x: number } & Partial<Record<MetricName, number>>;

/** Most points a chart gets. */
export const maxPoints = 300;

const density: MetricName = 'tool_use/avg_tool_calls_per_trajectory';

/**
 * Percentiles take the order (smallest first, or largest first) of the mean they are drawn around, so that the 25th
 * never lies above the 75th in a decimated point.
 */
const orderedBy: Partial<Record<MetricName, MetricName>> = {
  'tool_use/p25': density,
  'tool_use/p50': density,
  'tool_use/p75': density,
  'tool_use/p90': density,
};

interface Extremes {
  min: number;
  minRow: number;
  max: number;
  maxRow: number;
}

interface Bucket {
  firstX: number;
  lastX: number;
  rows: number;
  readonly metrics: Map<MetricName, Extremes>;
  /** Drawn points; null when a row has come since. */
  points: readonly SeriesPoint[] | null;
}

/** Rows of metrics against one x axis. */
export class MetricSeries {
  readonly #xs: number[] = [];
  readonly #columns = new Map<MetricName, number[]>(); // by row, NaN where not measured
  readonly #limit: number;
  #buckets: Bucket[] = [];
  #width = 1; // rows in a bucket

  constructor(limit: number = maxPoints) {
    this.#limit = limit;
  }

  get length(): number {
    return this.#xs.length;
  }

  append(x: number, values: MetricValues): void {
    const row = this.#xs.length;
    this.#xs.push(x);
    let bucket = this.#buckets.at(-1);
    if (bucket === undefined || bucket.rows >= this.#width) {
      bucket = { firstX: x, lastX: x, rows: 0, metrics: new Map(), points: null };
      this.#buckets.push(bucket);
    }
    bucket.lastX = x;
    bucket.rows++;
    bucket.points = null;
    for (const name of metricNames) {
      const value = values[name];
      if (value === undefined || !Number.isFinite(value)) continue;
      this.#column(name, row).push(value);
      include(bucket.metrics, name, { min: value, minRow: row, max: value, maxRow: row });
    }
    while (this.#pointCount() > this.#limit) this.#halve();
  }

  /** At most `limit` points, oldest first. */
  points(): SeriesPoint[] {
    return this.#buckets.flatMap((bucket) => (bucket.points ??= pointsOf(bucket)));
  }

  /** Every row at full resolution: x, and for each metric seen its values by row, null where it was not measured. */
  columns(): SeriesColumns {
    const metrics: Partial<Record<MetricName, (number | null)[]>> = {};
    for (const name of metricNames) {
      const column = this.#columns.get(name);
      if (column !== undefined) metrics[name] = this.#xs.map((_, row) => finiteOrNull(column[row]));
    }
    return { x: [...this.#xs], metrics };
  }

  /** A series with these rows, as if each had been appended. */
  static from(columns: SeriesColumns, limit: number = maxPoints): MetricSeries {
    const series = new MetricSeries(limit);
    columns.x.forEach((x, row) => {
      const values: Partial<Record<MetricName, number>> = {};
      for (const name of metricNames) {
        const value = columns.metrics[name]?.[row];
        if (value !== undefined && value !== null) values[name] = value;
      }
      series.append(x, values);
    });
    return series;
  }

  /** The column, filled with NaN up to `row`. */
  #column(name: MetricName, row: number): number[] {
    let column = this.#columns.get(name);
    if (column === undefined) this.#columns.set(name, (column = []));
    while (column.length < row) column.push(NaN);
    return column;
  }

  #pointCount(): number {
    return this.#width === 1 ? this.#buckets.length : 2 * this.#buckets.length;
  }

  #halve(): void {
    this.#width *= 2;
    this.#buckets = pairs(this.#buckets, (a, b) => {
      const metrics = new Map([...a.metrics].map(([name, extremes]) => [name, { ...extremes }]));
      for (const [name, extremes] of b.metrics) include(metrics, name, extremes);
      return { firstX: a.firstX, lastX: b.lastX, rows: a.rows + b.rows, metrics, points: null };
    });
  }
}

export interface SeriesColumns {
  readonly x: readonly number[];
  readonly metrics: Partial<Record<MetricName, readonly (number | null)[]>>;
}

/** The first `rows` rows of every column. */
export function firstRows({ x, metrics }: SeriesColumns, rows: number): SeriesColumns {
  const cut: Partial<Record<MetricName, readonly (number | null)[]>> = {};
  for (const name of metricNames) {
    const column = metrics[name];
    if (column !== undefined) cut[name] = column.slice(0, rows);
  }
  return { x: x.slice(0, rows), metrics: cut };
}

function finiteOrNull(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : value;
}

function include(metrics: Map<MetricName, Extremes>, name: MetricName, added: Extremes): void {
  const known = metrics.get(name);
  if (known === undefined) {
    metrics.set(name, { ...added });
    return;
  }
  if (added.min < known.min) [known.min, known.minRow] = [added.min, added.minRow];
  if (added.max > known.max) [known.max, known.maxRow] = [added.max, added.maxRow];
}

/** One point for a bucket of one row, else two: each metric's extremes, in the order in which they happened. */
function pointsOf(bucket: Bucket): SeriesPoint[] {
  const first: Partial<Record<MetricName, number>> = {};
  const last: Partial<Record<MetricName, number>> = {};
  for (const [name, extremes] of bucket.metrics) {
    const leader = bucket.metrics.get(orderedBy[name] ?? name) ?? extremes;
    const rising = leader.minRow <= leader.maxRow;
    first[name] = rising ? extremes.min : extremes.max;
    last[name] = rising ? extremes.max : extremes.min;
  }
  const start: SeriesPoint = { x: bucket.firstX, ...first };
  return bucket.rows === 1 ? [start] : [start, { x: bucket.lastX, ...last }];
}
