/**
 * Every buffer of every plan, by name and size, before any of it is allocated.
 *
 * Invariant: the allocations are made from these very lists. Storage sizes are in floats (every element the kernels know
 * has four bytes), the rest (uniforms, staging) in bytes.
 */
import type { PolicyConfig } from '../../../policy/config.ts';
import { TARGET_FLOATS, TOKEN_WORDS } from '../../layout/packing.ts';
import { parameterLayout } from '../../layout/parameterLayout.ts';

export type BufferSizes = Readonly<Record<string, number>>; // floats by name

/** Bytes of the `Batch` uniform of batch.wgsl. */
export const BATCH_BYTES = 48;

/** Widths that sizes are made of. */
export function widths(config: PolicyConfig) {
  const dQuery = config.heads * config.headDim;
  const dKey = config.kvHeads * config.headDim;
  return {
    dModel: config.hiddenSize,
    dQuery,
    dKey,
    dQkv: dQuery + 2 * dKey,
    dQk: dQuery + dKey,
    dFfn: config.intermediateSize,
    normedHeads: config.heads + config.kvHeads,
    vocabulary: config.vocabularySize,
    /** Logits rows are padded to whole vec4s. */
    vocabularyStride: Math.ceil(config.vocabularySize / 4) * 4,
  };
}

/** What one decoder layer keeps for its backward pass. */
export function layerBuffers(config: PolicyConfig, layer: number, rows: number): BufferSizes {
  const w = widths(config);
  const p = `layer${layer}.`;
  return {
    [`${p}x`]: rows * w.dModel,
    [`${p}normed`]: rows * w.dModel,
    [`${p}inverseRms`]: rows,
    [`${p}qkv`]: rows * w.dQkv,
    [`${p}qk`]: rows * w.dQk,
    [`${p}qkInverseRms`]: rows * w.normedHeads,
    [`${p}attended`]: rows * w.dQuery,
    [`${p}logSumExp`]: rows * config.heads,
    [`${p}x2`]: rows * w.dModel,
    [`${p}normed2`]: rows * w.dModel,
    [`${p}inverseRms2`]: rows,
    [`${p}gateUp`]: rows * 2 * w.dFfn,
    [`${p}activation`]: rows * w.dFfn,
  };
}

/** Where the parts of a micro-batch's inputs lie in its place of `uploads`, in bytes, and how long a place is. */
export function uploadPlaces(config: PolicyConfig, rows: number) {
  const tokens = 0;
  const targets = tokens + rows * TOKEN_WORDS * 4;
  const order = targets + rows * TARGET_FLOATS * 4;
  const firstRow = order + rows * 4;
  const batch = firstRow + (config.vocabularySize + 1) * 4;
  return { tokens, targets, order, firstRow, batch, length: batch + BATCH_BYTES };
}

/** A training plan: micro-batches of up to `rows` tokens, of which one submit may carry `uploads`. */
export interface TrainingShape {
  readonly rows: number;
  readonly uploads: number;
}

/** Storage buffers of a training plan, besides the flat parameter buffers. */
export function trainingBuffers(config: PolicyConfig, { rows, uploads }: TrainingShape): BufferSizes {
  const w = widths(config);
  const sizes: Record<string, number> = {
    uploads: (uploads * uploadPlaces(config, rows).length) / 4,
    tokens: rows * TOKEN_WORDS,
    targets: rows * TARGET_FLOATS,
    order: rows,
    firstRow: w.vocabulary + 1,
    rope: rows * config.headDim,
    rowStats: rows * 8,
    finalX: rows * w.dModel,
    finalNormed: rows * w.dModel,
    finalInverseRms: rows,
    logits: rows * w.vocabularyStride,
    dx: rows * w.dModel,
    dNormed: rows * w.dModel,
    dActivation: rows * w.dFfn,
    dGateUp: rows * 2 * w.dFfn,
    dAttended: rows * w.dQuery,
    dQkv: rows * w.dQkv,
    delta: rows * config.heads,
  };
  for (let layer = 0; layer < config.layers; layer++) Object.assign(sizes, layerBuffers(config, layer, rows));
  return sizes;
}

/** What else it allocates: bytes by name. */
export const trainingExtras = (rows: number) => ({ batch: BATCH_BYTES, rowStaging: rows * 32 });

/**
 * Split-K: weight gradients are sums over all tokens, so the tokens are split over partial sums until a typical matrix's
 * tiles times the splits can fill a GPU; more would only cost memory and additions.
 */
export function splitCount(config: PolicyConfig): number {
  const tiles = Math.ceil(config.hiddenSize / 32) * Math.ceil(config.intermediateSize / 32);
  const wanted = Math.ceil(128 / tiles);
  const affordable = Math.floor((32 * 2 ** 20) / parameterLayout(config).size);
  return Math.max(1, Math.min(16, wanted, affordable));
}

/** Parameters, gradient, its split-K partials, m and v. */
export function parameterBuffers(config: PolicyConfig): BufferSizes {
  const { size } = parameterLayout(config);
  const splits = splitCount(config);
  return {
    parameters: size,
    gradient: size,
    gradientPartials: splits * size,
    m: size,
    v: size,
    decayed: size / 64,
    squares: Math.ceil(size / 1024),
    totals: 16,
  };
}

/** What else the parameters allocate: bytes by name. */
export const parameterExtras = { optimizer: 48, totals0: 64, totals1: 64, uniforms: 128 * 256 } as const;

/** A buffer of no elements still has to be bound. */
export const bufferBytes = (floats: number) => Math.max(16, floats * 4);

/** Bytes that storage buffers and, by their bytes, others take. */
export function totalBytes(sizes: BufferSizes, extras: Readonly<Record<string, number>> = {}): number {
  const storage = Object.values(sizes).reduce((sum, floats) => sum + bufferBytes(floats), 0);
  return Object.values(extras).reduce((sum, bytes) => sum + bytes, storage);
}
