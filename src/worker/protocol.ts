/**
 * The contract between page and trainer worker: two discriminated unions, nothing else crosses.
 *
 * Invariants (trainer.test.ts). (1) The trainer answers `probe` and `start` exactly once each (with `probed`, or `started` or `failed`),
 * and its last `status` says how the run ended. (2) A `checkpoint` stands between the events before it and those after it, so whoever
 * listens knows exactly what had been told by then.
 */
import type { EngineDescription, MemoryPart } from '../engine/engine.ts';
import type { BaseOrigin } from '../train/baseFile.ts';
import type { ResumablePhase } from '../train/checkpoint.ts';
import type { PhaseName, RunEvent } from '../train/events.ts';
import type { RunSettings } from '../train/settings.ts';

export type RunStatus = 'starting' | 'running' | 'paused' | 'done' | 'failed';

/** Where a failure came from, so that the page can say what to do about it. */
export type FailureSource =
  | 'engine'
  | 'device-lost'
  | 'sandbox'
  | 'settings'
  | 'base'
  | 'numerics'
  | 'checkpoint'
  | 'trainer';

/** Where in a run a checkpoint was taken. */
export interface CheckpointPlace {
  readonly phase: ResumablePhase;
  /** Steps of the phase (of an evaluation: benchmarks) that are behind. */
  readonly done: number;
  readonly round: number;
}

/** `baseUrl` is the page's own address, absolute: the workers' files lie below it. */
export type ToTrainer =
  | { readonly type: 'probe'; readonly backend: RunSettings['run']['backend']; readonly baseUrl: string }
  /** Run `settings` from the beginning, or a run checkpoint (train/checkpointFile.ts) from where it was taken, with its own settings. */
  | {
      readonly type: 'start';
      readonly settings: RunSettings;
      readonly baseUrl: string;
      /** How many runs share the machine, this one counted: its engine works on that part of the threads. One where absent. */
      readonly sharedBy?: number;
      readonly from?: Uint8Array;
    }
  /** So many runs share the machine now, this one counted; answered by `engine` where that changes something. */
  | { readonly type: 'share'; readonly sharedBy: number }
  | { readonly type: 'pause' }
  | { readonly type: 'resume' }
  /** Run to the next boundary, then pause. */
  | { readonly type: 'step' }
  /** Ask for the current weights as a safetensors file (with its config); answered by `weights` or `weightsFailed`. */
  | { readonly type: 'weights' };

export type FromTrainer =
  /** The worker holds this Web Lock as long as it lives: whoever gets it after that knows that the worker has ended, however it did. */
  | { readonly type: 'alive'; readonly lock: string }
  /** A run goes on and has had nothing to tell for a few seconds. */
  | { readonly type: 'beat' }
  | { readonly type: 'probed'; readonly engine: EngineDescription }
  /** What start-up is doing, e.g. loading Python; `share` is 0..1 where it is known. */
  | { readonly type: 'boot'; readonly message: string; readonly share?: number }
  | {
      readonly type: 'started';
      readonly engine: EngineDescription;
      readonly sandbox: string;
      readonly parameters: number;
      /** The base policy that it began from, where it did so in this session. */
      readonly base?: BaseOrigin;
      /** What the engine plans to hold, where it has a plan. */
      readonly memory?: readonly MemoryPart[];
    }
  /** What the engine is from now on: its part of the machine has changed. */
  | { readonly type: 'engine'; readonly engine: EngineDescription }
  | { readonly type: 'status'; readonly status: RunStatus }
  | { readonly type: 'events'; readonly events: readonly RunEvent[]; readonly tokensPerSecond: number }
  | {
      readonly type: 'weights';
      readonly bytes: Uint8Array;
      readonly phase: PhaseName;
      /** Rollout batches behind them. */
      readonly round: number;
    }
  /** The weights that were asked for cannot be had; the message completes “The weights were not exported: …”. */
  | { readonly type: 'weightsFailed'; readonly message: string }
  /** Where the run stands, taken every few seconds: what `start` can go on from. */
  | { readonly type: 'checkpoint'; readonly bytes: Uint8Array; readonly place: CheckpointPlace }
  | { readonly type: 'failed'; readonly source: FailureSource; readonly message: string };
