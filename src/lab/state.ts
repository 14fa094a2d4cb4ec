/**
 * What the lab knows: one immutable state that the page draws, and the actions that change it.
 *
 * Invariants. (1) The core does not know React: `src/ui` binds to it. (2) Live series are columns in `series`, published
 * as a new snapshot at most four times a second; nothing else in the state changes faster. (3) A run opened from a file
 * fills exactly the same state as a live one, with `source` saying so.
 */
import type { CurationReport } from '../curation/curate.ts';
import type { MetricName } from '../metrics/registry.ts';
import type { Trajectory } from '../tasks/trajectory.ts';
import type { BenchmarkResult, PhaseName, PromptFilterReport, ScoredTrajectory } from '../train/events.ts';
import type { RunSettings } from '../train/settings.ts';
import type { FailureSource, MemoryPart, RunStatus, SavedPlace } from '../worker/protocol.ts';
import type { RecordedEntry } from './recordings.ts';
import type { Study } from '../study/study.ts';

export type { BenchmarkResult, CurationReport, PhaseName, PromptFilterReport, RunSettings, ScoredTrajectory };

/** What runs, where and why; the same shape as the engine's own description. */
export interface EngineView {
  readonly engine: 'tfjs' | 'wgsl';
  readonly backend: string;
  readonly adapter: string;
  readonly isSoftware: boolean;
  readonly reason: string;
  /** What it plans to hold in graphics memory, once a run has built it and where it has a plan. */
  readonly memory?: readonly MemoryPart[] | undefined;
}

export type LabStatus = 'idle' | RunStatus;

export interface PhaseView {
  readonly name: PhaseName;
  readonly label: string; // "Cold start", "GRPO stage 1", ...
  readonly help: string; // one sentence
  readonly status: 'waiting' | 'active' | 'done';
  readonly done: number;
  readonly total: number; // 0 while unknown
  readonly unit: string;
  readonly detail: string;
  /** Round at which the phase began, where it has rounds. */
  readonly round: number;
  /** Estimate for this phase; null while unknown. */
  readonly secondsLeft: number | null;
}

/** One decimated point a chart can draw; keys are metric names, `x` the round (or SFT step). */
export type SeriesPoint = { readonly x: number } & Partial<Record<MetricName, number>>;

export interface SeriesView {
  /** Grows with every change; charts memoise on it. */
  readonly version: number;
  /** On rollout batches; at most about 300 points, min/max decimated. */
  readonly rounds: readonly SeriesPoint[];
  /** On cold-start steps, likewise. */
  readonly sft: readonly SeriesPoint[];
  /** Newest value of every metric seen. */
  readonly latest: Partial<Record<MetricName, number>>;
  readonly histograms: readonly HistogramColumn[];
}

/** Tool-call histogram of rounds `round` to `through` (one round until long runs are merged): counts[calls] = trajectories. */
export interface HistogramColumn {
  readonly round: number;
  readonly through: number;
  readonly counts: readonly number[];
}

/** Rollouts of one batch, kept for the inspector. */
export interface RoundView {
  readonly round: number;
  readonly phase: PhaseName;
  readonly trajectories: readonly ScoredTrajectory[];
}

export interface CollapseView {
  readonly reference: { readonly round: number; readonly density: number } | null;
  /** Below this moving average a run is in the collapse zone; null before the cold start has ended. */
  readonly threshold: number | null;
  readonly alarm: { readonly round: number; readonly density: number } | null;
  /** The rule, in words, with this run's numbers. */
  readonly rule: string;
}

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

/** Where the run shown comes from: this machine now, a file, or the recorded runs that come with the page. */
export type RunSource =
  | { readonly kind: 'live' }
  | {
      readonly kind: 'file' | 'recording';
      readonly name: string;
      readonly recordedAt: string;
      readonly commit?: string | undefined;
    };

export interface LabState {
  readonly status: LabStatus;
  /** What a person has asked of the trainer that it has not done yet (it acts between two units of work). */
  readonly requested: 'pause' | 'resume' | 'step' | null;
  readonly source: RunSource;
  /** Of a run that is not live; null for one that is. */
  readonly replay: ReplayView | null;
  /** A study opened beside the run. */
  readonly study: { readonly name: string; readonly study: Study } | null;
  /** Recorded runs that come with the page. */
  readonly recordings: readonly RecordedEntry[];
  /** The file of the one that is being loaded. */
  readonly opening: string | null;
  /** Settings of the next run (the form). A running or opened run has its own `runSettings`. */
  readonly settings: RunSettings;
  readonly runSettings: RunSettings | null;
  /** Preset that `settings` started from. */
  readonly presetName: string;
  /** Preset that `runSettings` started from. */
  readonly runPresetName: string | null;
  /** Sentences about values that were corrected (from the URL, or from a file). Dismissable. */
  readonly notices: readonly string[];
  /** Problems of `settings` that keep a run from starting, by setting path ("stage1.context") or "" for the whole. */
  readonly settingProblems: readonly { readonly path: string; readonly message: string }[];
  readonly engine: EngineView | null;
  readonly sandbox: string | null;
  readonly parameters: number | null;
  readonly boot: { readonly message: string; readonly share: number | null } | null;
  readonly failure: FailureView | null;
  /** The newest checkpoint that a stopped run can go on from, if there is one. */
  readonly saved: SavedPlace | null;
  readonly phases: readonly PhaseView[];
  /** Of the whole run; null while unknown. */
  readonly secondsLeft: number | null;
  readonly elapsedSeconds: number;
  readonly tokensPerSecond: number;
  readonly series: SeriesView;
  readonly rounds: readonly RoundView[]; // newest last; only the last few are whole
  readonly curation: { readonly report: CurationReport; readonly kept: readonly Trajectory[] } | null;
  readonly promptFilter: PromptFilterReport | null;
  readonly benchmarks: readonly BenchmarkResult[];
  readonly collapse: CollapseView;
}

export interface LabActions {
  /** Start a run with `settings` (throwing away the one shown). */
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
  exportRun(): { readonly name: string; readonly blob: Blob } | null;
  /** The current weights as safetensors; needs a live run. */
  exportCheckpoint(): Promise<{ readonly name: string; readonly blob: Blob } | null>;
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
