/**
 * What the pool and a Python worker say to each other.
 *
 * For every `run` the worker posts `released` if there was something to release, `finished` once per cell, in order, at the latest before
 * a cell begins that may not come back (also while Python keeps the worker's thread busy), then `done`. So the pool always knows which
 * cell hangs, if one does.
 *
 * A worker that ran a hostile cell may say anything. Whatever comes from one is read by `readFromWorker`, and a message
 * that is none ends that worker (pythonThread.ts).
 */
import { z } from 'zod';
import type { SandboxSettings } from './sandbox.ts';

/** A cell on its way to Python. `index` counts the trajectory's cells from 0 and seeds its `random`. */
export interface WireCell {
  readonly trajectory: number;
  readonly index: number;
  readonly code: string;
  /** True for an earlier ok cell that rebuilds a namespace in a new worker. */
  readonly replay: boolean;
  /** How long a rebuild of the namespace before this cell, or this cell as part of one, may take, milliseconds. */
  readonly rebuildMs: number;
}

/** What a worker needs to start. */
export interface BootOptions {
  readonly settings: SandboxSettings;
  /** Python gets a MemoryError instead of a WebAssembly memory larger than this. */
  readonly heapLimitBytes: number;
}

export type ToWorker =
  | ({ readonly type: 'boot' } & BootOptions)
  /** Forget the namespaces of these trajectories, then run these cells. */
  | { readonly type: 'run'; readonly release: readonly number[]; readonly cells: readonly WireCell[] };

/** Messages that a worker says at once. */
export const mostAtOnce = 65;

/** Longest text that is read from a worker, characters; what a cell printed is held to its own, shorter limit. */
const text = z.string().max(100_000);
const bytes = z.number().nonnegative();

const progressSchema = z.discriminatedUnion('stage', [
  z.object({ stage: z.literal('download'), loadedBytes: bytes, totalBytes: bytes.nullable() }),
  z.object({ stage: z.literal('start') }),
  z.object({ stage: z.literal('ready') }),
]);

const resultSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ok'), output: text }),
  z.object({ kind: z.literal('error'), message: text, output: text }),
  z.object({ kind: z.literal('timeout'), deadlineMs: bytes }),
  z.object({ kind: z.literal('memory'), message: text }),
  z.object({ kind: z.literal('format'), message: text }),
]);

const fromWorkerSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('progress'), progress: progressSchema }),
  z.object({ type: z.literal('ready'), version: text.max(100) }),
  z.object({ type: z.literal('unavailable'), reason: text }),
  z.object({
    type: z.literal('finished'),
    result: resultSchema,
    stateful: z.boolean(),
    lost: z.boolean(),
  }),
  z.object({ type: z.literal('released') }),
  z.object({ type: z.literal('done'), heapBytes: bytes }),
  z.object({ type: z.literal('crashed'), reason: text }),
]);

/** Where a starting worker is. `totalBytes` is null where the server does not say. */
export type BootProgress = z.infer<typeof progressSchema>;

/**
 * `finished`: `stateful` says that the cell may have left something in its namespace, so that a rebuild must run it again; `lost` that
 * the rebuild before it could not bring back all of what earlier cells had left. `crashed`: the interpreter itself broke; the worker is
 * of no more use.
 */
export type FromWorker = z.infer<typeof fromWorkerSchema>;

/** The message, or null where this is none. Never throws. */
export function readFromWorker(value: unknown): FromWorker | null {
  const read = fromWorkerSchema.safeParse(value);
  return read.success ? read.data : null;
}

/** The part of a worker that the pool uses; a worker in the page's frame and a process of Node both fit (see the adapters). */
export interface WorkerLike {
  post(message: ToWorker): void;
  /** Both are set by the pool right after spawning. What `onMessage` gets has not been read yet. */
  onMessage: (message: unknown) => void;
  /** Reports a worker that could not be loaded, or that ended. */
  onFailure: (reason: string) => void;
  terminate(): void;
}
