/**
 * The runs that the charts draw, and how: those in the list that are shown, or else the one that the form describes. Invariant
 * (chartRuns.test.ts): charts are drawn anew only for what they show.
 */
import { shownRun, visibleRuns, type LabState, type RunState } from '../../lab/state.ts';
import { runStyle, type RunStyle } from '../app/runStyle.ts';
import { sameRounds, sameSteps } from './sameSeries.ts';

export interface ChartRun {
  readonly id: string;
  readonly name: string;
  readonly style: RunStyle;
  /** The one that the page shows: drawn over the others, and with its spread. */
  readonly focused: boolean;
  readonly view: RunState;
}

export function chartRuns(state: LabState): readonly ChartRun[] {
  const focus = shownRun(state);
  const visible = visibleRuns(state);
  if (visible.length === 0) return [chartRun(focus, true)];
  return visible.map(({ view }) => chartRun(view, view.id === focus.id));
}

export function chartRun(view: RunState, focused: boolean): ChartRun {
  return { id: view.id, name: view.name, style: runStyle(view.colour, view.dash), focused, view };
}

/** The focused one, or the first. */
export function leading(runs: readonly ChartRun[]): ChartRun {
  return runs.find(({ focused }) => focused) ?? runs[0]!;
}

const sameLook = (a: ChartRun, b: ChartRun) =>
  a.id === b.id &&
  a.name === b.name &&
  a.focused === b.focused &&
  a.style.colour === b.style.colour &&
  a.style.dash === b.style.dash &&
  a.view.settings === b.view.settings &&
  a.view.benchmarks === b.view.benchmarks &&
  a.view.collapse === b.view.collapse &&
  (a.view.status === 'running') === (b.view.status === 'running');

/** Whether two lists draw the same charts over rounds. */
export function sameRoundRuns(a: readonly ChartRun[], b: readonly ChartRun[]): boolean {
  return (
    a.length === b.length &&
    a.every((run, i) => sameLook(run, b[i]!) && sameRounds(run.view.series, b[i]!.view.series))
  );
}

/** Whether two lists draw the same charts over cold-start steps. */
export function sameStepRuns(a: readonly ChartRun[], b: readonly ChartRun[]): boolean {
  return (
    a.length === b.length &&
    a.every((run, i) => sameLook(run, b[i]!) && sameSteps(run.view.series, b[i]!.view.series))
  );
}
