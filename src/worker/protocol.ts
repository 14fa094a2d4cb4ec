/**
 * The contract between page and trainer worker: two discriminated unions, nothing else crosses.
 *
 * Invariant: every message survives structured clone; the trainer answers `probe` and `start` exactly once each (with
 * `probed`, or `started` or `failed`), and reports `stopped` when a run has ended for whatever reason.
 */
import type { EngineDescription } from '../engine/engine.ts';
import type { RunEvent } from '../train/events.ts';
import type { RunSettings } from '../train/settings.ts';

export type RunStatus = 'starting' | 'running' | 'paused' | 'done' | 'failed';

/** Where a failure came from, so that the page can say what to do about it. */
export type FailureSource = 'engine' | 'device-lost' | 'sandbox' | 'settings' | 'numerics' | 'trainer';

/** `baseUrl` is the page's own address, absolute: the workers' files lie below it. */
export type ToTrainer =
  | { readonly type: 'probe'; readonly backend: RunSettings['run']['backend']; readonly baseUrl: string }
  | { readonly type: 'start'; readonly settings: RunSettings; readonly baseUrl: string }
  | { readonly type: 'pause' }
  | { readonly type: 'resume' }
  /** Run to the next boundary, then pause. */
  | { readonly type: 'step' }
  /** Ask for the current weights as a safetensors file (with its config); answered by `checkpoint`. */
  | { readonly type: 'checkpoint' };

export type FromTrainer =
  | { readonly type: 'probed'; readonly engine: EngineDescription }
  /** What start-up is doing, e.g. loading Python; `share` is 0..1 where it is known. */
  | { readonly type: 'boot'; readonly message: string; readonly share?: number }
  | {
      readonly type: 'started';
      readonly engine: EngineDescription;
      readonly sandbox: string;
      readonly parameters: number;
    }
  | { readonly type: 'status'; readonly status: RunStatus }
  | { readonly type: 'events'; readonly events: readonly RunEvent[]; readonly tokensPerSecond: number }
  | { readonly type: 'checkpoint'; readonly bytes: Uint8Array; readonly phase: string }
  | { readonly type: 'failed'; readonly source: FailureSource; readonly message: string };
