/**
 * A chart's numbers: as rows for a table to show, and as CSV with every digit.
 *
 * Pure. Invariant (plotModel.test.ts): what was not measured is an empty field in the file, never a zero.
 */
import { metricDefinition } from '../../metrics/registry.ts';
import type { SeriesPoint } from '../../record/metricSeries.ts';
import { formatMetric, missing } from '../app/format.ts';
import type { ChartRun } from './chartRuns.ts';
import type { ChartDefinition } from './definitions.ts';

export interface NumberColumn {
  readonly label: string;
  readonly format: (value: number) => string;
}

export interface NumberTable {
  readonly columns: readonly NumberColumn[];
  /** Oldest first. The first cell is the row's header. */
  readonly rows: readonly (readonly (number | string | null)[])[];
}

export function cellText(cell: number | string | null | undefined, column: NumberColumn | undefined): string {
  if (cell === null || cell === undefined) return missing;
  return typeof cell === 'string' ? cell : (column?.format ?? String)(cell);
}

/** RFC 4180, with a line for the columns' names. */
export function csvOf({ columns, rows }: NumberTable): string {
  const field = (value: number | string | null) => {
    const text = value === null ? '' : String(value);
    return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const lines = [columns.map(({ label }) => label), ...rows].map((row) => row.map(field).join(','));
  return `${lines.join('\r\n')}\r\n`;
}

/** A row for each round or step that any of the runs has measured, a column for each run and for what its value is made of. */
export function tableOf(runs: readonly ChartRun[], chart: ChartDefinition): NumberTable {
  const parts = runs.flatMap(({ name, view }) => {
    const points = chart.axis === 'steps' ? view.series.sft : view.series.rounds;
    const byX = new Map<number, SeriesPoint>(points.map((point) => [point.x, point]));
    const head = (label: string) => (runs.length === 1 ? label : `${name}: ${label}`);
    const own = { label: head(chart.title), format: chart.format, byX, value: chart.value };
    const others = chart.also.map((metric) => {
      const { label, unit } = metricDefinition(metric);
      const format = (value: number) => formatMetric(value, unit);
      return { label: head(label), format, byX, value: (point: SeriesPoint) => point[metric] };
    });
    return [own, ...others].filter((column) => points.some((point) => column.value(point) !== undefined));
  });
  const xs = new Set<number>();
  for (const { byX, value } of parts) for (const [x, point] of byX) if (value(point) !== undefined) xs.add(x);
  return {
    columns: [{ label: chart.axis === 'steps' ? 'Step' : 'Round', format: String }, ...parts],
    rows: [...xs]
      .sort((a, b) => a - b)
      .map((x) => [
        x,
        ...parts.map(({ byX, value }) => {
          const point = byX.get(x);
          return (point === undefined ? undefined : value(point)) ?? null;
        }),
      ]),
  };
}
