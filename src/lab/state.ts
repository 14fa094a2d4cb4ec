/**
 * What the lab knows: one immutable state that the page draws, and the actions that change it.
 *
 * A run that was opened from a file has exactly the same state as a live one, with `source` saying so, so the page draws both alike.
 * New states come at most four times a second, whatever the trainers say (`snapshots.ts`).
 */
import type { PhaseView } from '../record/phases.ts';
import type { RecordedEntry } from '../record/recordedIndex.ts';
import type { EngineView } from '../record/recordedRun.ts';
import type { SeriesView } from '../record/runSeries.ts';
import type { RunView } from '../record/runView.ts';
import type { Study } from '../study/study.ts';
import type { RunSettings } from '../train/settings.ts';
import type { CheckpointPlace, FailureSource, RunStatus } from '../worker/protocol.ts';

export interface FailureView {
  readonly source: FailureSource | 'file' | 'browser';
  /** What happened. */
  readonly message: string;
  /** What to do. */
  readonly advice: string;
  /** Where the run can go on from (`resume`), in words; absent where it cannot. */
  readonly goOn?: string;
}

/** Which part of a recorded run is shown (record/replayFrame.ts says what a frame is). */
export interface ReplayView {
  readonly frame: number;
  /** The whole run. */
  readonly last: number;
  readonly playing: boolean;
}

/** Where a run comes from: this machine now, a file, or the recorded runs that come with the page. */
export type RunSource =
  | { readonly kind: 'live' }
  | {
      readonly kind: 'file' | 'recording';
      readonly name: string;
      readonly recordedAt: string;
      readonly commit?: string | undefined;
    };

/** What a person has asked of a trainer that it has not done yet; it acts between two units of work. */
export type RunRequest = 'pause' | 'resume' | 'step';

/** All that the page draws of one run. */
export interface RunState extends Omit<RunView, 'phases'> {
  readonly id: string;
  /** `idle` is the run that the form describes, before it is started. */
  readonly status: 'idle' | RunStatus;
  readonly requested: RunRequest | null;
  readonly source: RunSource;
  /** Of a run that is not live; null for one that is. */
  readonly replay: ReplayView | null;
  readonly settings: RunSettings;
  /** Preset that `settings` started from. */
  readonly presetName: string;
  readonly engine: EngineView | null;
  readonly sandbox: string | null;
  readonly parameters: number | null;
  readonly boot: { readonly message: string; readonly share: number | null } | null;
  readonly failure: FailureView | null;
  /** The newest checkpoint that a stopped run can go on from, if there is one. */
  readonly checkpoint: CheckpointPlace | null;
  readonly phases: readonly PhaseView[];
  /** Of the whole run; null while unknown. */
  readonly secondsLeft: number | null;
  readonly elapsedSeconds: number;
  readonly tokensPerSecond: number;
  readonly series: SeriesView;
}

/** Settings of the next run. */
export interface FormState {
  readonly settings: RunSettings;
  /** Preset that `settings` started from. */
  readonly presetName: string;
  /** Problems of `settings` that keep a run from starting, by setting path ("stage1.context") or "" for the whole. */
  readonly settingProblems: readonly { readonly path: string; readonly message: string }[];
}

/** The runs that the lab holds, oldest first, and which of them the page shows. */
export interface RunsState {
  readonly runs: readonly RunState[];
  /** Id of the run that is shown; null where there is none. */
  readonly focus: string | null;
}

/** The recorded runs that come with the page. */
export interface RecordingsState {
  readonly recordings: readonly RecordedEntry[];
  /** The file of the one that is being loaded. */
  readonly opening: string | null;
}

export interface LabState extends FormState, RunsState, RecordingsState {
  /** The run that the form describes, and the engine that it would get: shown while there is no run. */
  readonly planned: RunState;
  /** A study opened beside the run. */
  readonly study: { readonly name: string; readonly study: Study } | null;
  /** Sentences about values that were corrected (from the URL, or from a file). Dismissable. */
  readonly notices: readonly string[];
}

/** The run that the page shows: the one in focus, or else the one that the form describes. */
export function shownRun({ runs, focus, planned }: Pick<LabState, 'runs' | 'focus' | 'planned'>): RunState {
  return runs.find(({ id }) => id === focus) ?? planned;
}

export interface NamedFile {
  readonly name: string;
  readonly blob: Blob;
}

/** All of them act on the run in focus, where they act on a run. */
export interface LabActions {
  /** Start a run with `settings`, in place of the one shown. */
  train(): void;
  pause(): void;
  /** Go on: a paused run where it stands, one that has failed from its newest checkpoint, without what was measured since. */
  resume(): void;
  /** Go on to the next boundary (an optimizer step, a GRPO step, a benchmark), then pause. Starts a run if there is none. */
  step(): void;
  /** Stop and forget the run; settings stay. */
  reset(): void;
  applyPreset(name: string): void;
  /** Set one setting, e.g. `setSetting('grpo.clipHigh', 0.2)`; invalid values are kept out and told in `settingProblems`. */
  setSetting(path: string, value: unknown): void;
  /** Put the settings of the run shown (live or opened) into the form. */
  adoptRunSettings(): void;
  dismissNotice(index: number): void;
  dismissFailure(): void;
  /** The run as a JSON file: config, seed, versions, adapter, metrics, sampled trajectories. */
  exportRun(): NamedFile | null;
  /** The current weights as safetensors; needs a live run. Null, and a notice that says why, where they cannot be had. */
  exportWeights(): Promise<NamedFile | null>;
  /** Open an exported run for viewing, or a study beside the run shown. A bad file becomes a notice and changes nothing. */
  openFile(file: Blob, name: string): Promise<void>;
  closeStudy(): void;
  /** Show one of the recorded runs that come with the page. */
  openRecording(file: string): Promise<void>;
  /** Play the run shown, if it is not live: on from where it stands, from the beginning where that is the end. */
  playReplay(): void;
  pauseReplay(): void;
  seekReplay(frame: number): void;
}

/** zustand's vanilla store shape, so that any consumer can subscribe. */
export interface LabStore {
  getState(): LabState;
  subscribe(listener: (state: LabState, previous: LabState) => void): () => void;
  readonly actions: LabActions;
}
