/**
 * What a live run is made of, and whom it tells.
 */
import type { EngineView, RecordedRun } from '../record/recordedRun.ts';
import type { RunSettings } from '../train/settings.ts';
import type { SessionCheckpoint } from './session.ts';
import type { RunParent } from './state.ts';
import type { TrainerLink } from './trainerLink.ts';

export interface RunListener {
  /** The run's state has changed. */
  changed(): void;
  /** Something that a person should know and that is no failure. */
  notice(text: string): void;
  /** A checkpoint was taken of what the run shows now. */
  saved(checkpoint: SessionCheckpoint): void;
  /** It is done, has failed, or was stopped. */
  ended(): void;
}

/** What a run that was kept had come to. */
export interface RestoredRun {
  /** Null where nothing but its settings is known. */
  readonly record: RecordedRun | null;
  readonly status: 'interrupted' | 'done';
  /** Taken of what the record shows. */
  readonly checkpoint: Pick<SessionCheckpoint, 'place' | 'bytes' | 'seconds'> | null;
}

export interface RunOptions {
  readonly id: string;
  readonly settings: RunSettings;
  readonly presetName: string;
  /** The engine that it will probably get, as far as is known. */
  readonly engine: EngineView | null;
  /** Its line to a worker; nobody else's from now on. */
  readonly link: TrainerLink;
  readonly parent?: RunParent | null;
  /** A checkpoint to begin from (a fork's), with what had been measured by then. */
  readonly restored?: RestoredRun;
}
