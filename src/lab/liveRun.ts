/**
 * A live run as the page shows it and as a file keeps it, put together from its condition and its session.
 */
import { phaseViews, runSecondsLeft } from '../record/phases.ts';
import type { Origin, RecordedRun } from '../record/recordedRun.ts';
import type { RunCondition } from './runCondition.ts';
import type { Session } from './session.ts';
import type { BareRunState } from './state.ts';

/** @param idle the run before it began @param now seconds of work that counts */
export function liveState(
  idle: BareRunState,
  condition: RunCondition,
  { settings, view: seen, series, checkpoint }: Session,
  now: number,
): BareRunState {
  const { phases, ...view } = seen;
  return {
    ...idle,
    ...condition,
    ...view,
    phases: phaseViews(phases, now),
    series: series.view(),
    secondsLeft: runSecondsLeft(phases, settings, now),
    elapsedSeconds: now,
    checkpoint: checkpoint?.place ?? null,
  };
}

interface Made {
  readonly recordedAt: string;
  readonly origin: Origin;
  readonly presetName: string;
  readonly base: RecordedRun['base'];
  readonly elapsedSeconds: number;
}

/** Everything that was measured, for a file. */
export function liveRecord(
  made: Made,
  { engine, sandbox, parameters, tokensPerSecond }: RunCondition,
  { settings, view, series }: Session,
): RecordedRun {
  return { ...made, settings, engine, sandbox, parameters, tokensPerSecond, view, series: series.record() };
}
