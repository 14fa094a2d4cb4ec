/**
 * What the lab knows: one immutable state that the page draws, and the actions that change it.
 *
 * A run that was opened from a file has exactly the same state as a live one, with `source` saying so, so the page draws both alike.
 * New states come at most four times a second, whatever the trainers say (`snapshots.ts`).
 */
import type { PhaseView } from '../record/phases.ts';
import type { RecordedEntry, StudyEntry } from '../record/recordedIndex.ts';
import type { EngineView } from '../record/recordedRun.ts';
import type { SeriesView } from '../record/runSeries.ts';
import type { RunView } from '../record/runView.ts';
import type { Study } from '../study/study.ts';
import type { RunSettings } from '../train/settings.ts';
import type { CheckpointPlace, FailureSource, RunStatus } from '../worker/protocol.ts';
import type { RunLabel } from './runLabels.ts';

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

/** Where a run that was forked comes from, or one that began with a model from elsewhere. */
export interface RunParent {
  /** Empty where it is no run but a model. */
  readonly id: string;
  readonly name: string;
  /** The checkpoint, in words: “round 12”. */
  readonly place: string;
}

/** A run by itself, before the list of runs has given it a label. */
export interface BareRunState extends Omit<RunView, 'phases'> {
  readonly id: string;
  /**
   * `idle` is the run that the form describes, before it is started; `interrupted` one that was stopped, or whose page was closed,
   * before its end.
   */
  readonly status: 'idle' | 'interrupted' | RunStatus;
  readonly requested: RunRequest | null;
  readonly source: RunSource;
  readonly parent: RunParent | null;
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

/** All that the page draws of one run. */
export interface RunState extends BareRunState, RunLabel {}

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
  /** Runs that were deleted and can be had back, the latest last. */
  readonly deleted: readonly DeletedRun[];
}

export interface DeletedRun {
  readonly id: string;
  readonly name: string;
}

/** A run to be started. */
export interface RunPlan {
  readonly settings: RunSettings;
  readonly presetName: string;
  /** What it is called; its preset and seed where absent. */
  readonly name?: string;
}

/** The recorded runs that come with the page. */
export interface RecordingsState {
  readonly recordings: readonly RecordedEntry[];
  /** The file of the one that is being loaded. */
  readonly opening: string | null;
}

/** A moment of a run that was kept: where it can be forked. */
export interface KeptMoment {
  readonly number: number;
  readonly place: CheckpointPlace;
  /** “round 12” */
  readonly words: string;
}

/** What is kept in this browser beyond the page. */
export interface LibraryView {
  readonly status: 'opening' | 'open' | 'closed';
  /** Why it is closed: a whole sentence. */
  readonly message: string | null;
  /** By the run's id. */
  readonly kept: Readonly<
    Record<string, { readonly bytes: number; readonly moments: readonly KeptMoment[] }>
  >;
  /** Bytes: of all runs, of this site in this browser, and what it may have at most; null where the browser does not say. */
  readonly storage: {
    readonly runs: number;
    readonly used: number | null;
    readonly room: number | null;
  } | null;
  /** Ids of runs that were under way when their page ended, the newest first; they wait to go on. */
  readonly unfinished: readonly string[];
  /** Ids of runs that another tab works on. */
  readonly elsewhere: readonly string[];
}

export interface LabState extends FormState, RunsState, RecordingsState {
  readonly library: LibraryView;
  /** The run that the form describes, and the engine that it would get: shown while there is no run. */
  readonly planned: RunState;
  /** The studies that come with the page. */
  readonly studies: readonly StudyEntry[];
  /** A study opened beside the run. */
  readonly study: { readonly name: string; readonly study: Study } | null;
  /** Sentences about values that were corrected (from the URL, or from a file). Dismissable. */
  readonly notices: readonly string[];
}

/** The run that the page shows: the one in focus, or else the one that the form describes. */
export function shownRun({ runs, focus, planned }: Pick<LabState, 'runs' | 'focus' | 'planned'>): RunState {
  return runs.find(({ id }) => id === focus) ?? planned;
}

/** A run that the charts draw, and how. */
export interface VisibleRun {
  readonly id: string;
  readonly name: string;
  /** Which of the run colours (`ui/app/runStyle.ts`), from 0. */
  readonly colour: number;
  /** Which of the dashes, from 0. */
  readonly dash: number;
  readonly view: RunState;
}

const visibleRunsOf = new WeakMap<RunsState['runs'], readonly VisibleRun[]>();

/** The runs that the charts draw, in the list's order; the same array until a run changes. */
export function visibleRuns({ runs }: Pick<LabState, 'runs'>): readonly VisibleRun[] {
  let visible = visibleRunsOf.get(runs);
  if (visible === undefined) {
    visible = runs
      .filter((run) => run.visible)
      .map((view) => ({ id: view.id, name: view.name, colour: view.colour, dash: view.dash, view }));
    visibleRunsOf.set(runs, visible);
  }
  return visible;
}

export interface NamedFile {
  readonly name: string;
  readonly blob: Blob;
}

/** Those without an id act on the run in focus, where they act on a run. */
export interface LabActions {
  /** Start a run with `settings` and show it; the others stay in the list, and those that go on go on. */
  train(): void;
  /** Start runs together, which share the machine alike; the first comes into focus. @returns their ids, in order */
  startRuns(plans: readonly RunPlan[]): readonly string[];
  /** Show a run; none ends by it. */
  focusRun(id: string): void;
  pauseRun(id: string): void;
  /**
   * Let runs go on that were interrupted, failed or paused, sharing the machine, and show the first; of one that has ended the numbers
   * are opened.
   */
  resumeRuns(ids: readonly string[]): void;
  /**
   * Start a run that begins at a kept moment of another, with one setting changed, and show it. What cannot be done becomes a notice.
   * @param moment its number in `library.kept`, or of a recording the round of its weights (`recordedMoments`)
   * @returns the fork's id; null where it was not started
   */
  forkRun(id: string, moment: number, path: string, value: unknown): Promise<string | null>;
  /** End a run's trainer; what was measured stays, and it can go on from its newest checkpoint. */
  stopRun(id: string): void;
  /** The runs that were interrupted need not go on now; they stay in the list. */
  dismissUnfinished(): void;
  renameRun(id: string, name: string): void;
  noteRun(id: string, note: string): void;
  pinRun(id: string, pinned: boolean): void;
  /** Draw a run in the charts, or not. */
  showRun(id: string, visible: boolean): void;
  /** Take a run out of the list; one that goes on is stopped. It can be had back until `forgetDeleted`. */
  deleteRun(id: string): void;
  /** Bring back the run that was deleted last. */
  undoDelete(): void;
  /** Give up the deleted runs for good. */
  forgetDeleted(): void;
  pause(): void;
  /** Go on: a paused run where it stands, one that has failed from its newest checkpoint, without what was measured since. */
  resume(): void;
  /** Go on to the next boundary (an optimizer step, a GRPO step, a benchmark), then pause. Starts a run if there is none. */
  step(): void;
  /** Stop the run shown, leave it in the list, and show what the form describes; settings stay. */
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
  /**
   * The weights of the run shown as safetensors: the current ones, or of a recording the newest that were kept up to the round shown. Null, and
   * a notice that says why, where they cannot be had.
   */
  exportWeights(): Promise<NamedFile | null>;
  /** The weights of a live run at a moment that was kept, as safetensors. Rejects with a sentence. @param moment its number in `library.kept` */
  keptWeights(id: string, moment: number): Promise<Uint8Array>;
  /** The same policy as a folder that transformers opens, zipped. Null, and a notice, where it cannot be had. */
  exportModel(): Promise<NamedFile | null>;
  /** The curated set, the prompts and what was kept of the rollouts, for TRL and verl, zipped; Python runs the teacher’s calls again. */
  exportData(): Promise<NamedFile | null>;
  /** Begin a run with the form’s settings and a model’s weights and shape. One that is no good becomes a notice and changes nothing. */
  beginFromModel(files: readonly NamedFile[]): Promise<void>;
  /** Open an exported run for viewing, or a study beside the run shown. A bad file becomes a notice and changes nothing. */
  openFile(file: Blob, name: string): Promise<void>;
  /** Lay one of the studies that come with the page beside the run shown. */
  openStudy(file: string): Promise<void>;
  closeStudy(): void;
  /** Show one of the recorded runs that come with the page. @returns its id; null where it was not opened */
  openRecording(file: string): Promise<string | null>;
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
