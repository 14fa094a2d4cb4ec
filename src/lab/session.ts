/**
 * The run being shown, with what the state alone does not hold, and the state that follows from it.
 *
 * Invariant: a session that is rewound to its checkpoint shows exactly what it showed when the checkpoint was taken: series, phases and
 * their times, rounds, benchmarks, alarm. What comes after is appended as if nothing had happened.
 */
import type { RunEvent } from '../train/events.ts';
import type { RunSettings } from '../train/settings.ts';
import type { SavedPlace } from '../worker/protocol.ts';
import { phaseViews, runSecondsLeft } from '../record/phases.ts';
import { defaultPreset, findPreset } from '../recipes/presets.ts';
import { emptyRun, reduceRun, type RunView } from '../record/runView.ts';
import { cutRun } from '../record/replayFrame.ts';
import { wholeRun } from './replay.ts';
import type { RecordedRun } from '../record/runFile.ts';
import { RunSeries, type SeriesMark } from '../record/runSeries.ts';
import type { LabState, RunSource } from './state.ts';

/** The newest checkpoint of a live run, and what had been seen by then. */
export interface SavedRun {
  readonly place: SavedPlace;
  readonly bytes: Uint8Array;
  readonly view: RunView;
  readonly mark: SeriesMark;
  readonly seconds: number; // of active run time
}

export interface Session {
  readonly settings: RunSettings;
  readonly presetName: string;
  readonly live: boolean;
  /** What was in the file, for one that was opened. */
  readonly recorded: RecordedRun | null;
  readonly series: RunSeries;
  readonly view: RunView;
  readonly saved: SavedRun | null;
}

/** @param version of the series, greater than that of the last session */
export function liveSession(settings: RunSettings, presetName: string, version: number): Session {
  return {
    settings,
    presetName,
    live: true,
    recorded: null,
    series: new RunSeries(undefined, version),
    view: emptyRun(settings),
    saved: null,
  };
}

/** @param frame the moment to show (`recorded.ts`); the whole run where absent */
export function recordedSession(run: RecordedRun, version: number, frame = Infinity): Session {
  const { settings, presetName, view, series } = cutRun(run, frame);
  return {
    settings,
    presetName,
    live: false,
    recorded: run,
    series: new RunSeries(series, version),
    view,
    saved: null,
  };
}

/** @param at seconds of active run time at which the events arrived */
export function withEvents(session: Session, events: readonly RunEvent[], at: number): Session {
  let { view } = session;
  for (const event of events) {
    view = reduceRun(view, event, session.settings, at);
    session.series.add(event);
  }
  return { ...session, view };
}

/** A checkpoint was taken of what is shown now. */
export function withSaved(session: Session, place: SavedPlace, bytes: Uint8Array, seconds: number): Session {
  return { ...session, saved: { place, bytes, seconds, view: session.view, mark: session.series.mark() } };
}

export function rewound(session: Session, saved: SavedRun): Session {
  return { ...session, view: saved.view, series: session.series.rewoundTo(saved.mark) };
}

/** The part of the state that a session determines. @param now seconds of active run time */
export function shownState(session: Session, now: number): Partial<LabState> {
  const { phases, ...view } = session.view;
  return {
    ...view,
    phases: phaseViews(phases, now),
    series: session.series.view(),
    ...(session.live
      ? { secondsLeft: runSecondsLeft(phases, session.settings, now), elapsedSeconds: now }
      : {}),
  };
}

/** What the state says of a run that was opened from a file, beyond what its session shows. */
export function openedState(
  run: RecordedRun,
  kind: Exclude<RunSource['kind'], 'live'>,
  name: string,
): Partial<LabState> {
  const { recordedAt, settings, presetName, engine, sandbox, parameters, elapsedSeconds, tokensPerSecond } =
    run;
  return {
    status: 'done',
    source: { kind, name, recordedAt, commit: run.origin.commit },
    replay: wholeRun(run),
    runSettings: settings,
    runPresetName: presetName,
    engine,
    sandbox,
    parameters,
    elapsedSeconds,
    tokensPerSecond,
  };
}

/** Everything but the form, the study and the list of recorded runs, as it is when there is no run. */
export function idleState(
  settings: RunSettings,
  version = 0,
): Omit<
  LabState,
  'settings' | 'presetName' | 'notices' | 'settingProblems' | 'study' | 'recordings' | 'opening'
> {
  const { phases, ...view } = emptyRun(settings);
  return {
    ...view,
    phases: phaseViews(phases, 0),
    status: 'idle',
    requested: null,
    source: { kind: 'live' },
    replay: null,
    runSettings: null,
    runPresetName: null,
    engine: null,
    sandbox: null,
    parameters: null,
    boot: null,
    failure: null,
    saved: null,
    secondsLeft: null,
    elapsedSeconds: 0,
    tokensPerSecond: 0,
    series: new RunSeries(undefined, version).view(),
  };
}

/** What a run's files are called: `aster-lab-mini-sparse-seed7`. */
export function fileStem({ presetName, settings }: Pick<Session, 'presetName' | 'settings'>): string {
  const preset = findPreset(presetName)?.name ?? defaultPreset;
  return `aster-lab-${preset}-seed${settings.run.seed}`;
}
