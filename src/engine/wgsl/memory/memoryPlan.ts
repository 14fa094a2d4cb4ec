/**
 * The memory plan: how large the plans of a run become and how many bytes that is, before anything is allocated.
 *
 * Invariant: what is planned here is exactly what is allocated, because the engine takes its sizes from here; and a plan that the
 * adapter cannot hold is refused with a sentence before the first byte.
 */
import type { PolicyConfig } from '../../../policy/config.ts';
import {
  parameterBuffers,
  parameterExtras,
  totalBytes,
  trainingBuffers,
  trainingExtras,
  widths,
  type BufferSizes,
  type TrainingShape,
} from './bufferSizes.ts';
import { parameterLayout } from '../../layout/parameterLayout.ts';
import { rolloutBuffers, rolloutExtras, type PlanShape } from './rolloutBuffers.ts';

/** The plan does not fit the adapter; `message` is a sentence with the numbers. */
export class MemoryPlanError extends Error {
  override readonly name = 'MemoryPlanError';
}

export interface AdapterLimits {
  readonly maxBufferSize: number;
  readonly maxStorageBufferBindingSize: number;
  readonly maxComputeWorkgroupsPerDimension: number;
}

/** What plans have to keep to. */
export interface DeviceLimits {
  readonly adapter: AdapterLimits;
  /** A CPU rasteriser: its submits stay small. */
  readonly isSoftware: boolean;
  /** Bytes that one plan may use; default 1 GB. */
  readonly budget?: number;
  /** Tokens in one micro-batch at most. */
  readonly maxRows?: number;
  /** Sequences that a rollout session generates at once, at most. */
  readonly maxSlots?: number;
}

export const DEFAULT_BUDGET = 2 ** 30;
/** More sequences than this at once do not make a GPU faster; they wait for a free slot. */
export const DEFAULT_MAX_SLOTS = 1024;

/** Submits that an optimizer step may take on a GPU, however large its batch. */
export const MAX_SUBMITS = 4;
/** Work per micro-batch: tens of milliseconds on a GPU, about a second on a CPU rasteriser. */
const GPU_FLOPS = 5e10;
const SOFTWARE_FLOPS = 2e9;

/** What a run asks for at its largest. */
export interface MemoryNeeds {
  /** Longest sequence. */
  readonly context: number;
  /** Tokens of the largest batch that one optimizer step takes. */
  readonly rows: number;
  /** Sequences generated at once. */
  readonly slots: number;
}

/** Bytes. */
export interface MemoryPlan {
  readonly parameters: number; // with gradient, its split-K partials and AdamW's moments
  readonly training: number; // activations of the largest micro-batch, and inputs
  readonly rollout: number; // key/value cache, activations of a step, the session's own weights
  readonly total: number;
  /** What `snapshot` would hold besides, for as long as it is kept. */
  readonly snapshot: number;
}

/** The graphics memory of a run, device or no device. Throws `MemoryPlanError` where it cannot be held. */
export function memoryPlan(config: PolicyConfig, needs: MemoryNeeds, limits: DeviceLimits): MemoryPlan {
  const flat = parameterBuffers(config);
  checkMemory('Holding the policy and its optimizer', flat, limits);
  const shape = trainingShape(config, { rows: needs.rows, longest: needs.context }, limits);
  const activations = trainingBuffers(config, shape);
  checkMemory(`Training on ${shape.rows} tokens at a time`, activations, limits);
  const slots = rolloutShape(config, { sequences: needs.slots, context: needs.context }, limits);
  const parameters = totalBytes(flat, parameterExtras);
  const training = totalBytes(activations, trainingExtras(shape.rows));
  const rollout = totalBytes(rolloutBuffers(config, slots), rolloutExtras(config, slots));
  const snapshot = parameterLayout(config).size * 4;
  return { parameters, training, rollout, total: parameters + training + rollout, snapshot };
}

/** The plan for a batch of `rows` tokens whose longest sequence has `longest`. */
export function trainingShape(
  config: PolicyConfig,
  { rows, longest }: { readonly rows: number; readonly longest: number },
  limits: DeviceLimits,
): TrainingShape {
  const most = largestMicroBatch(config, limits);
  const capacity = capacityFor(Math.max(longest, Math.min(rows, most)));
  if (limits.isSoftware) return { rows: capacity, uploads: 1 };
  // However the sequences fall, a micro-batch is closed only when the next sequence does not fit.
  const usable = Math.max(longest, Math.min(capacity, most));
  const byGap = Math.floor((rows - 1) / (usable - longest + 1)) + 1;
  const byPairs = Math.ceil((2 * rows) / usable); // two neighbours together are more than one holds
  const batches = Math.max(1, Math.min(byGap, byPairs));
  return { rows: capacity, uploads: 2 ** Math.ceil(Math.log2(Math.ceil(batches / MAX_SUBMITS))) };
}

/** Slots for `sequences` at once, or as many as memory allows. Throws `MemoryPlanError` where not even one fits. */
export function rolloutShape(
  config: PolicyConfig,
  { sequences, context }: { readonly sequences: number; readonly context: number },
  { adapter, budget = DEFAULT_BUDGET, maxSlots = DEFAULT_MAX_SLOTS }: DeviceLimits,
): PlanShape {
  const largest = Math.min(adapter.maxBufferSize, adapter.maxStorageBufferBindingSize);
  const positions = capacityFor(context);
  let slots = Math.min(capacityFor(sequences), maxSlots);
  for (;;) {
    const sizes = rolloutBuffers(config, { slots, positions });
    if (totalBytes(sizes) <= budget && Math.max(...Object.values(sizes)) * 4 <= largest) {
      return { slots, positions };
    }
    if (slots === 1) {
      throw new MemoryPlanError(
        `This graphics adapter cannot hold one sequence of ${positions} tokens. Choose a smaller policy or a shorter context.`,
      );
    }
    slots = Math.max(1, Math.floor(slots / 2));
  }
}

/** Throws `MemoryPlanError` when a buffer, or the sum, is more than the adapter's limits and the budget allow. */
export function checkMemory(doing: string, sizes: BufferSizes, limits: DeviceLimits): void {
  const { adapter, budget = DEFAULT_BUDGET } = limits;
  const largest = Math.min(adapter.maxBufferSize, adapter.maxStorageBufferBindingSize);
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
 * The most tokens a micro-batch should have: bounded by the memory budget, by one dimension of a dispatch, and by work (a page must
 * stay responsive; a software adapter does about a thousandth of a GPU's).
 */
export function largestMicroBatch(config: PolicyConfig, limits: DeviceLimits): number {
  const { adapter, isSoftware, budget = DEFAULT_BUDGET, maxRows = Infinity } = limits;
  const w = widths(config);
  const perThread = Math.max(w.dFfn, w.dModel, w.normedHeads * 4, 256); // units of work a row in groups of 256
  const byGrid = Math.floor((adapter.maxComputeWorkgroupsPerDimension * 256) / perThread);
  const flops = isSoftware ? SOFTWARE_FLOPS : GPU_FLOPS;
  const byWork = Math.floor(flops / (6 * parameterLayout(config).size));
  let best = 64;
  for (let size = 64; size <= 65536; size *= 2) {
    for (const rows of [size, size * 1.5]) {
      if (rows > byGrid || (rows > byWork && rows > 1024)) return Math.min(maxRows, best);
      const sizes = trainingBuffers(config, { rows, uploads: 1 });
      const largest = Math.max(...Object.values(sizes)) * 4;
      const allowed = Math.min(adapter.maxBufferSize, adapter.maxStorageBufferBindingSize);
      if (largest > allowed || totalBytes(sizes) > budget) return Math.min(maxRows, best);
      best = rows;
    }
  }
  return Math.min(maxRows, best);
}
