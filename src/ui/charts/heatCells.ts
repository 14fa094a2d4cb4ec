/**
 * The histogram of tool calls over time as rectangles: a column per round, a row per number of calls.
 *
 * Pure. Invariant (heatCells.test.ts): every trajectory is in exactly one cell of its column; those with more calls than there are rows are
 * in the top one.
 */
import type { HistogramColumn } from '../../record/histograms.ts';
import type { Domain } from './lines.ts';
import type { RoundMap } from './xAxis.ts';

/** Most rows drawn. */
const mostRows = 20;

export interface HeatCell {
  /** In the units of the x axis. */
  readonly from: number;
  readonly to: number;
  /** Calls; in the top row, at least so many. */
  readonly row: number;
  readonly count: number; // trajectories
  readonly share: number; // of the column's
}

export function heatRows(columns: readonly HistogramColumn[], zoneTop: number | null): number {
  let most = Math.max(4, Math.ceil(zoneTop ?? 0) * 2);
  for (const { counts } of columns)
    most = Math.max(
      most,
      counts.findLastIndex((count) => count > 0),
    );
  return Math.min(most, mostRows - 1) + 1;
}

/** Where a round begins and ends on x: around its number, or after the round before it in tokens and seconds. */
export function edgesOf(round: number, through: number, map: RoundMap, byRound: boolean): Domain {
  return byRound ? [round - 0.5, through + 0.5] : [map(round - 1), map(through)];
}

export function heatCells(
  columns: readonly HistogramColumn[],
  rows: number,
  edges: (column: HistogramColumn) => Domain,
): readonly HeatCell[] {
  return columns.flatMap((column) => {
    const all = column.counts.reduce((sum, count) => sum + count, 0);
    const [from, to] = edges(column);
    return Array.from({ length: rows }, (_, row): HeatCell => {
      const last = row === rows - 1;
      const count = last
        ? column.counts.slice(row).reduce((sum, n) => sum + n, 0)
        : (column.counts[row] ?? 0);
      return { from, to, row, count, share: all === 0 ? 0 : count / all };
    }).filter(({ count }) => count > 0);
  });
}

/** How dark a cell is: small shares are still seen. */
export function opacityOf(share: number): number {
  return 0.1 + 0.9 * Math.sqrt(share);
}
