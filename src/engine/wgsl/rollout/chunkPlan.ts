/**
 * What a rollout session asks of the plan that decodes for it: slots that run chunk by chunk, and results read back a chunk at a time.
 *
 * `DecodePlan` does it on the GPU. The session's own logic, when it submits what for how many steps, needs no GPU and is tested on a
 * plan that has none (testing/scriptedPlan.ts).
 */
import type { RolloutOptions } from '../../engine.ts';
import type { Prefill } from '../../layout/prefill.ts';
import type { PlanShape } from '../memory/rolloutBuffers.ts';
import type { ChunkResults } from './rolloutRow.ts';

/** Statuses of rollout.wgsl. */
export const slotStatus = { idle: 0, running: 1, turn: 2, ended: 3, full: 4 } as const;

/** From the next chunk on, the slot runs with `token` as its newest, not yet in the cache. */
export interface SlotUpdate {
  readonly slot: number;
  readonly token: number;
  readonly position: number;
  readonly id: number;
}

/** What one chunk does, in this order. */
export interface ChunkWork {
  readonly updates: readonly SlotUpdate[];
  readonly prefills: readonly Prefill[];
  /** Slots that take `steps` decoding steps, at most MAX_CHUNK. */
  readonly active: readonly number[];
  readonly steps: number;
  readonly staging: 0 | 1;
}

export interface ChunkPlan {
  readonly shape: PlanShape;
  /** Start a session on this plan: weights and settings in, every slot idle. // weights [layout.size] */
  begin(options: RolloutOptions, weights: GPUBuffer): void;
  /** Submit a chunk; its results go to its staging buffer, which must have been read. */
  submit(work: ChunkWork): void;
  /** What the last chunk with this staging buffer left, once it is through. */
  read(staging: 0 | 1): Promise<ChunkResults>;
}

/** Where a session gets its plan, and the weights it begins with. */
export interface ChunkPlans {
  readonly vocabularySize: number;
  /** No graphics card computes: there is no read-back to hide, and every row that is computed for nothing costs. */
  readonly isSoftware: boolean;
  /** A plan for `sequences` at once (fewer when memory is short) of up to `context` tokens. */
  acquire(sequences: number, context: number): Promise<ChunkPlan>;
  release(plan: ChunkPlan): void;
  /** A copy of the present weights for a session to begin with; hand it back with `releaseSnapshot`. */
  snapshot(): GPUBuffer;
  releaseSnapshot(buffer: GPUBuffer): void;
}
