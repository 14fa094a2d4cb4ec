/**
 * Everything a rollout plan allocates, by name and size, before any of it is allocated.
 */
import type { PolicyConfig } from '../../../policy/config.ts';
import { BATCH_BYTES, widths, type BufferSizes } from './bufferSizes.ts';
import { TOKEN_WORDS } from '../../layout/packing.ts';
import { parameterLayout } from '../../layout/parameterLayout.ts';

/** Words of a Slot, and of an Update, in rollout.wgsl and slotUpdate.wgsl. */
export const SLOT_WORDS = 4;
export const UPDATE_WORDS = 8;
/** Most decoding steps one submit may hold. */
export const MAX_CHUNK = 32;

export interface PlanShape {
  readonly slots: number;
  /** Positions per slot. */
  readonly positions: number;
}

/** Bytes by name. */
export const rolloutUniforms = {
  batch: BATCH_BYTES,
  prefillBatch: BATCH_BYTES,
  rollout: 32,
  updateCount: 16,
  copyCount: 16,
} as const;

/**
 * Rows of a prefill: the results of all slots in one go where each is a few tokens, and enough at once to fill a GPU where
 * slots are few. More rows than this are cut.
 */
export function prefillRows({ slots }: PlanShape): number {
  return Math.max(slots, Math.min(4096, Math.max(256, 4 * slots)));
}

export function stagingBytes({ slots }: PlanShape): number {
  return slots * SLOT_WORDS * 4 + slots * MAX_CHUNK * 8;
}

/** What else rollouts allocate: bytes by name. `snapshot` is the weights that the next session will begin with. */
export const rolloutExtras = (config: PolicyConfig, shape: PlanShape) => ({
  ...rolloutUniforms,
  staging0: stagingBytes(shape),
  staging1: stagingBytes(shape),
  snapshot: parameterLayout(config).size * 4,
});

/** Storage buffers, in floats. */
export function rolloutBuffers(config: PolicyConfig, shape: PlanShape): BufferSizes {
  const { slots, positions } = shape;
  const w = widths(config);
  const rows = prefillRows(shape);
  const sizes: Record<string, number> = {
    // The session's own weights: sequences are sampled from the policy that the session began with.
    parameters: parameterLayout(config).size,
    'layer0.x': rows * w.dModel,
    'layer0.normed': rows * w.dModel,
    'layer0.inverseRms': rows,
    'layer0.qkv': rows * w.dQkv,
    'layer0.qk': rows * w.dQk,
    'layer0.attended': rows * w.dQuery,
    'layer0.x2': rows * w.dModel,
    'layer0.normed2': rows * w.dModel,
    'layer0.inverseRms2': rows,
    'layer0.gateUp': rows * 2 * w.dFfn,
    'layer0.activation': rows * w.dFfn,
    finalNormed: slots * w.dModel,
    finalInverseRms: slots,
    logits: slots * w.vocabularyStride,
    tokens: slots * TOKEN_WORDS,
    prefillTokens: rows * TOKEN_WORDS,
    rope: positions * config.headDim,
    active: slots,
    slots: slots * SLOT_WORDS,
    stopKinds: w.vocabulary,
    output: slots * MAX_CHUNK * 2,
    updates: slots * UPDATE_WORDS,
    copies: slots * positions * 2,
  };
  for (let layer = 0; layer < config.layers; layer++) {
    sizes[`cacheK${layer}`] = slots * positions * w.dKey;
    sizes[`cacheV${layer}`] = slots * positions * w.dKey;
  }
  return sizes;
}
