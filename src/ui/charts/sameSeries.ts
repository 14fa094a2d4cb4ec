/**
 * Whether two snapshots of the series draw the same chart.
 *
 * Any new number makes a new snapshot, but a point that has not changed stays the same object, so the newest point tells
 * whether a chart has anything new to show.
 */
import type { SeriesView } from '../../record/runSeries.ts';

export function sameRounds(a: SeriesView, b: SeriesView): boolean {
  return a.rounds.length === b.rounds.length && a.rounds.at(-1) === b.rounds.at(-1);
}

export function sameSteps(a: SeriesView, b: SeriesView): boolean {
  return a.sft.length === b.sft.length && a.sft.at(-1) === b.sft.at(-1);
}
