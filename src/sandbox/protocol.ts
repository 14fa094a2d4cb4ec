/**
 * What the pool and a Python worker say to each other.
 *
 * For every `run` the worker posts `finished` once per cell, in order and as soon as the cell has ended
 * (also while Python keeps the worker's thread busy), then `done`. So the pool always knows which cell is running.
 */
import type { ExecutionResult, SandboxSettings } from './sandbox.ts';

/** Where a starting worker is. `totalBytes` is null where the server does not say. */
export type BootProgress =
  | { readonly stage: 'download'; readonly loadedBytes: number; readonly totalBytes: number | null }
  | { readonly stage: 'start' }
  | { readonly stage: 'ready' };

/** A cell on its way to Python. `index` counts the trajectory's cells from 0 and seeds its `random`. */
export interface WireCell {
  readonly trajectory: number;
  readonly index: number;
  readonly code: string;
  /** True for an earlier ok cell that rebuilds a namespace in a new worker; it gets several deadlines. */
  readonly replay: boolean;
}

/** What a worker needs to start. `location` is the URL (browser) or path (Node) of the folder of Pyodide's files. */
export interface BootOptions {
  readonly location: string;
  readonly settings: SandboxSettings;
  /** Python gets a MemoryError instead of a WebAssembly memory larger than this. */
  readonly heapLimitBytes: number;
}

export type ToWorker =
  | ({ readonly type: 'boot' } & BootOptions)
  | { readonly type: 'run'; readonly cells: readonly WireCell[] }
  | { readonly type: 'release'; readonly trajectories: readonly number[] };

export type FromWorker =
  | { readonly type: 'progress'; readonly progress: BootProgress }
  | { readonly type: 'ready'; readonly version: string }
  | { readonly type: 'unavailable'; readonly reason: string }
  /** `stateful`: the cell may have left something in its namespace, so a rebuild must run it again. */
  | { readonly type: 'finished'; readonly result: ExecutionResult; readonly stateful: boolean }
  /** The worker is replaying cells to undo a failed one; the watchdog should start again. */
  | { readonly type: 'rebuilding' }
  | { readonly type: 'done'; readonly heapBytes: number }
  /** The interpreter itself broke; the worker is of no more use. */
  | { readonly type: 'crashed'; readonly reason: string };

/** The part of a worker that the pool uses; a web Worker and a Node worker thread both fit (see the adapters). */
export interface WorkerLike {
  post(message: ToWorker): void;
  /** Both are set by the pool right after spawning. `onFailure` reports a worker that could not be loaded. */
  onMessage: (message: FromWorker) => void;
  onFailure: (reason: string) => void;
  terminate(): void;
}
