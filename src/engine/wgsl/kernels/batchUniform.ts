/**
 * The `Batch` uniform that every kernel over rows reads (batch.wgsl): how many rows, and what is made of them.
 */
import { BATCH_BYTES } from '../memory/bufferSizes.ts';

/** The `Batch` uniform of batch.wgsl, in its order. */
export interface BatchUniform {
  readonly rows: number;
  readonly accumulate: boolean;
  readonly objective: 'logProbs' | 'sft' | 'grpo';
  readonly inverseCount: number;
  readonly temperature: number;
  readonly clipLow: number;
  readonly clipHigh: number;
  readonly dualClip: number;
  readonly tisCap: number;
  readonly entropyCoefficient: number;
  readonly klCoefficient: number;
}

/** What loss.wgsl reads, where nothing is learned: a forward pass, or a rollout. */
export const noObjective = {
  inverseCount: 0,
  temperature: 1,
  clipLow: 0,
  clipHigh: 0,
  dualClip: 0,
  tisCap: 0,
  entropyCoefficient: 0,
  klCoefficient: 0,
} as const satisfies Partial<BatchUniform>;

const objectiveCodes = { logProbs: 0, sft: 1, grpo: 2 } as const;

/** Rows that one gradient partial sums over, a multiple of the matmul's k tile. */
export function splitRows(rows: number, splits: number): number {
  return Math.max(16, Math.ceil(Math.ceil(rows / splits) / 16) * 16);
}

export function batchUniformBytes(batch: BatchUniform, splits: number): ArrayBuffer {
  const bytes = new ArrayBuffer(BATCH_BYTES);
  new Uint32Array(bytes, 0, 4).set([
    batch.rows,
    batch.accumulate ? 1 : 0,
    splitRows(batch.rows, splits),
    objectiveCodes[batch.objective],
  ]);
  new Float32Array(bytes, 16).set([
    batch.inverseCount,
    batch.temperature,
    batch.clipLow,
    batch.clipHigh,
    batch.dualClip,
    batch.tisCap,
    batch.entropyCoefficient,
    batch.klCoefficient,
  ]);
  return bytes;
}
