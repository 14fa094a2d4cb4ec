/**
 * The memory plan: every buffer of a plan, by name and size, before any of it is allocated.
 *
 * Invariant: what is planned here is exactly what is allocated, and a plan that the adapter cannot hold is refused
 * with a sentence before the first byte. Sizes are in floats (every element the kernels know has four bytes).
 */
import type { PolicyConfig } from '../../policy/config.ts';
import { TARGET_FLOATS, TOKEN_WORDS } from './packing.ts';

/** The plan does not fit the adapter; `message` is a sentence with the numbers. */
export class MemoryPlanError extends Error {
  override readonly name = 'MemoryPlanError';
}

/** Bytes of the `Batch` uniform of batch.wgsl. */
export const BATCH_BYTES = 48;

export type BufferSizes = Readonly<Record<string, number>>; // floats by name

export interface AdapterLimits {
  readonly maxBufferSize: number;
  readonly maxStorageBufferBindingSize: number;
  readonly maxComputeWorkgroupsPerDimension: number;
}

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

/** Everything a training plan of `rows` tokens allocates besides the flat parameter buffers. */
export function trainingBuffers(config: PolicyConfig, rows: number): BufferSizes {
  const w = widths(config);
  const sizes: Record<string, number> = {
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

/** Parameters, gradient, its slots, m and v. */
export function parameterBuffers(size: number, slots: number): BufferSizes {
  return {
    parameters: size,
    gradient: size,
    gradientSlots: slots * size,
    m: size,
    v: size,
    decayed: size / 64,
    squares: Math.ceil(size / 1024),
    totals: 16,
  };
}

export function totalBytes(sizes: BufferSizes): number {
  return Object.values(sizes).reduce((sum, floats) => sum + floats * 4, 0);
}

/** Throws `MemoryPlanError` when a buffer, or the sum, is more than `limits` and `budget` (bytes) allow. */
export function checkMemory(doing: string, sizes: BufferSizes, limits: AdapterLimits, budget: number): void {
  const largest = Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize);
  for (const [name, floats] of Object.entries(sizes)) {
    if (floats * 4 > largest) {
      throw new MemoryPlanError(
        `${doing} needs a buffer of ${megabytes(floats * 4)} (${name}), but this graphics adapter allows ${megabytes(largest)}. Choose a smaller policy or a shorter context.`,
      );
    }
  }
  const bytes = totalBytes(sizes);
  if (bytes > budget) {
    throw new MemoryPlanError(
      `${doing} needs ${megabytes(bytes)} of graphics memory, more than the ${megabytes(budget)} it may use. Choose a smaller policy or a shorter context.`,
    );
  }
}

export function megabytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toLocaleString('en-GB', { maximumFractionDigits: 1 })} MB`;
}

/** Row capacities come in few sizes, so that plans are reused: 64, 96, 128, 192, 256, 384, ... */
export function capacityFor(rows: number): number {
  let size = 64;
  for (;;) {
    if (rows <= size) return size;
    if (rows <= size * 1.5) return size * 1.5;
    size *= 2;
  }
}

/**
 * The largest capacity a plan should have: bounded by the memory budget, by one dimension of a dispatch, and by the work one
 * submit should hold (a page must stay responsive; a software adapter does about a thousandth of a GPU's work).
 */
export function largestCapacity(
  config: PolicyConfig,
  parameters: number,
  limits: AdapterLimits,
  budget: number,
  flopsPerSubmit: number,
): number {
  const w = widths(config);
  const perThread = Math.max(w.dFfn, w.dModel, w.normedHeads * 4, 256); // units of work a row in groups of 256
  const byGrid = Math.floor((limits.maxComputeWorkgroupsPerDimension * 256) / perThread);
  const byWork = Math.floor(flopsPerSubmit / (6 * parameters));
  let best = 64;
  for (let size = 64; size <= 65536; size *= 2) {
    for (const rows of [size, size * 1.5]) {
      if (rows > byGrid || (rows > byWork && rows > 1024)) return best;
      const sizes = trainingBuffers(config, rows);
      const largest = Math.max(...Object.values(sizes)) * 4;
      if (largest > Math.min(limits.maxBufferSize, limits.maxStorageBufferBindingSize)) return best;
      if (totalBytes(sizes) > budget) return best;
      best = rows;
    }
  }
  return best;
}
