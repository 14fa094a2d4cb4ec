/**
 * The static rollout plan: slots, their key/value cache, and the dispatch list of one decoding step.
 *
 * Invariant: made once for (slots, positions); a chunk is that list replayed, its results copied to one of two staging
 * buffers, and creates no GPU object but the command encoder. Rows are the active slots only, so a long tail of few
 * sequences costs little. The cache is laid out [slot, position, kvHead, headDim] per layer.
 */
import type { PolicyConfig } from '../../policy/config.ts';
import type { RolloutOptions } from '../engine.ts';
import { BufferSet } from './buffers.ts';
import type { Gpu } from './device.ts';
import { buildDispatches, encodeDispatches, type Dispatch, type DispatchSpec } from './dispatchList.ts';
import type { FlatParameters } from './flatParameters.ts';
import type { KernelLibrary } from './kernels.ts';
import { checkMemory, layerBuffers, widths, type BufferSizes } from './memoryPlan.ts';
import {
  attentionScale,
  headConstants,
  vocabularyConstants,
  chunkConstants,
  type ModelContext,
} from './modelContext.ts';
import { attentionInput, attentionOutputAndFfn, headForward } from './modelForward.ts';
import { parameterLayout } from './parameterLayout.ts';
import { ropeTable } from './ropeTable.ts';
import { BATCH_BYTES, batchUniformBytes, type TrainingPlan } from './trainingPlan.ts';

/** Statuses of rollout.wgsl. */
export const slotStatus = { idle: 0, running: 1, turn: 2, ended: 3, full: 4 } as const;

/** Words of a Slot, and of an Update, in rollout.wgsl and slotUpdate.wgsl. */
export const SLOT_WORDS = 8;
const UPDATE_WORDS = 12;
/** Most decoding steps one submit may hold. */
export const MAX_CHUNK = 32;

export interface SlotUpdate {
  readonly slot: number;
  readonly token: number;
  readonly position: number;
  readonly id: number;
  readonly forced: readonly number[];
}

export interface PlanShape {
  readonly slots: number;
  /** Positions per slot. */
  readonly positions: number;
}

export interface CacheCopy {
  readonly row: number; // of the prefilled batch
  readonly slot: number;
  readonly position: number;
}

/** Everything a rollout plan allocates. */
export function rolloutBuffers(config: PolicyConfig, { slots, positions }: PlanShape): BufferSizes {
  const w = widths(config);
  const layout = parameterLayout(config);
  const sizes: Record<string, number> = {
    // The session's own weights: sequences are sampled from the policy that the session began with.
    parameters: layout.size,
    ...layerBuffers(config, 0, slots),
    finalNormed: slots * w.dModel,
    finalInverseRms: slots,
    logits: slots * w.vocabularyStride,
    tokens: slots * 4,
    rope: positions * config.headDim,
    active: slots,
    slots: slots * SLOT_WORDS,
    forced: slots * positions,
    stopKinds: w.vocabulary,
    output: slots * MAX_CHUNK * 2,
    updates: slots * UPDATE_WORDS,
    updateTokens: slots * positions,
    copies: slots * positions * 2,
  };
  for (let layer = 0; layer < config.layers; layer++) {
    sizes[`cacheK${layer}`] = slots * positions * w.dKey;
    sizes[`cacheV${layer}`] = slots * positions * w.dKey;
  }
  return sizes;
}

export class RolloutPlan {
  readonly shape: PlanShape;
  readonly buffers: BufferSet;
  readonly stagingBytes: number;
  readonly #gpu: Gpu;
  readonly #library: KernelLibrary;
  readonly #config: PolicyConfig;
  readonly #step: readonly Dispatch[];
  readonly #update: readonly Dispatch[];
  #store: { plan: TrainingPlan; list: readonly Dispatch[] } | undefined;

  private constructor(
    gpu: Gpu,
    library: KernelLibrary,
    config: PolicyConfig,
    shape: PlanShape,
    buffers: BufferSet,
    lists: { step: readonly Dispatch[]; update: readonly Dispatch[] },
  ) {
    this.#gpu = gpu;
    this.#library = library;
    this.#config = config;
    this.shape = shape;
    this.buffers = buffers;
    this.#step = lists.step;
    this.#update = lists.update;
    this.stagingBytes = stagingBytes(shape);
  }

  static async create(
    gpu: Gpu,
    library: KernelLibrary,
    config: PolicyConfig,
    parameters: FlatParameters,
    shape: PlanShape,
    budget: number,
  ): Promise<RolloutPlan> {
    const doing = `Generating ${shape.slots} sequences of ${shape.positions} tokens at a time`;
    const sizes = rolloutBuffers(config, shape);
    checkMemory(doing, sizes, gpu.device.limits, budget);
    const buffers = await BufferSet.allocate(gpu, doing, sizes);
    try {
      addUniformsAndStaging(gpu, buffers, shape);
      const rope = ropeTable(shape.positions, config.headDim, config.ropeTheta);
      gpu.device.queue.writeBuffer(buffers.get('rope'), 0, rope);
      const context: ModelContext = {
        config,
        layout: parameters.layout,
        capacity: shape.slots,
        slots: parameters.slots,
        // Nothing is kept for a backward pass, so all layers share the first one's buffers.
        buffer: (name) =>
          buffers.find(name.replace(/^layer\d+/, 'layer0').replace(/^finalX$/, 'layer0.x')) ??
          parameters.buffers.get(name),
        uniform: parameters.uniforms.place,
        isSoftware: gpu.isSoftware,
      };
      const [step, update] = await Promise.all([
        buildDispatches(gpu, library, stepSpecs(context)),
        buildDispatches(gpu, library, [updateSpec(context)]),
      ]);
      return new RolloutPlan(gpu, library, config, shape, buffers, { step, update });
    } catch (error) {
      buffers.destroy();
      throw error;
    }
  }

  /** Dispatches of one decoding step. */
  get dispatchesPerToken(): number {
    return this.#step.length;
  }

  /** Start a session on this plan: weights and settings in, every slot idle. */
  begin(options: RolloutOptions, weights: GPUBuffer): void {
    const { device } = this.#gpu;
    const { queue } = device;
    const encoder = device.createCommandEncoder();
    encoder.copyBufferToBuffer(weights, 0, this.buffers.get('parameters'), 0, weights.size);
    queue.submit([encoder.finish()]);
    const bytes = new ArrayBuffer(32);
    new Uint32Array(bytes, 0, 4).set([options.seed, options.context, this.shape.positions, MAX_CHUNK]);
    new Float32Array(bytes, 16, 2).set([options.sampling.temperature, options.sampling.topP]);
    queue.writeBuffer(this.buffers.get('rollout'), 0, bytes);
    const kinds = new Uint32Array(this.#config.vocabularySize);
    for (const token of options.turnEndTokens) kinds[token] = slotStatus.turn;
    for (const token of options.endTokens) kinds[token] = slotStatus.ended;
    queue.writeBuffer(this.buffers.get('stopKinds'), 0, kinds);
    queue.writeBuffer(this.buffers.get('slots'), 0, new Uint32Array(this.shape.slots * SLOT_WORDS));
  }

  /** Submit `steps` decoding steps for the active slots after applying `updates`; results go to staging buffer 0 or 1. */
  submit(active: readonly number[], updates: readonly SlotUpdate[], steps: number, staging: 0 | 1): void {
    const { device } = this.#gpu;
    if (updates.length > 0) this.#writeUpdates(updates);
    device.queue.writeBuffer(this.buffers.get('active'), 0, Uint32Array.from(active));
    device.queue.writeBuffer(this.buffers.get('batch'), 0, decodeUniform(active.length));
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    encodeDispatches(pass, updates.length > 0 ? this.#update : [], updates.length);
    for (let step = 0; step < steps; step++) encodeDispatches(pass, this.#step, active.length);
    pass.end();
    const target = this.buffers.get(`staging${staging}`);
    const slotBytes = this.shape.slots * SLOT_WORDS * 4;
    encoder.copyBufferToBuffer(this.buffers.get('slots'), 0, target, 0, slotBytes);
    encoder.copyBufferToBuffer(
      this.buffers.get('output'),
      0,
      target,
      slotBytes,
      this.stagingBytes - slotBytes,
    );
    device.queue.submit([encoder.finish()]);
  }

  /** Make the copy of prefilled keys and values ready for `plan`'s buffers, and queue the list of copies. */
  async prepareStore(
    plan: TrainingPlan,
    copies: readonly CacheCopy[],
  ): Promise<(pass: GPUComputePassEncoder) => void> {
    if (this.#store?.plan !== plan) {
      const specs = storeSpecs(this.#config, plan.buffers, this.buffers);
      this.#store = { plan, list: await buildDispatches(this.#gpu, this.#library, specs) };
    }
    const words = new Uint32Array(copies.length * 2);
    copies.forEach(({ row, slot, position }, i) => {
      words[i * 2] = row;
      words[i * 2 + 1] = slot * this.shape.positions + position;
    });
    const { queue } = this.#gpu.device;
    queue.writeBuffer(this.buffers.get('copies'), 0, words);
    queue.writeBuffer(this.buffers.get('copyCount'), 0, Uint32Array.of(copies.length, 0, 0, 0));
    const { list } = this.#store;
    return (pass) => encodeDispatches(pass, list, copies.length);
  }

  destroy(): void {
    this.buffers.destroy();
  }

  #writeUpdates(updates: readonly SlotUpdate[]): void {
    const words = new Uint32Array(updates.length * UPDATE_WORDS);
    const tokens: number[] = [];
    updates.forEach((u, i) => {
      const slot = [u.token, u.position, u.id, slotStatus.running, 0, u.forced.length, 0, 0];
      words.set([...slot, u.slot, tokens.length, 0, 0], i * UPDATE_WORDS);
      tokens.push(...u.forced);
    });
    const { queue } = this.#gpu.device;
    queue.writeBuffer(this.buffers.get('updates'), 0, words);
    if (tokens.length > 0) queue.writeBuffer(this.buffers.get('updateTokens'), 0, Uint32Array.from(tokens));
    queue.writeBuffer(this.buffers.get('updateCount'), 0, Uint32Array.of(updates.length, 0, 0, 0));
  }
}

function stagingBytes({ slots }: PlanShape): number {
  return slots * SLOT_WORDS * 4 + slots * MAX_CHUNK * 8;
}

function decodeUniform(rows: number): ArrayBuffer {
  return batchUniformBytes(
    {
      rows,
      accumulate: false,
      objective: 'logProbs',
      inverseCount: 0,
      temperature: 1,
      clipLow: 0,
      clipHigh: 0,
      dualClip: 0,
      tisCap: 0,
      entropyCoefficient: 0,
      klCoefficient: 0,
    },
    1,
  );
}

function addUniformsAndStaging(gpu: Gpu, buffers: BufferSet, shape: PlanShape): void {
  const { device } = gpu;
  const uniform = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
  const uniforms = { batch: BATCH_BYTES, rollout: 32, updateCount: 16, copyCount: 16 };
  for (const [label, size] of Object.entries(uniforms)) {
    buffers.add(label, device.createBuffer({ label, size, usage: uniform }));
  }
  for (const label of ['staging0', 'staging1']) {
    const usage = GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ;
    buffers.add(label, device.createBuffer({ label, size: stagingBytes(shape), usage }));
  }
}

function stepSpecs(c: ModelContext): DispatchSpec[] {
  const { config } = c;
  const embedding = c.layout.embedding;
  const specs: DispatchSpec[] = [
    {
      kernel: { file: 'decodeBegin.wgsl', constants: { D: config.hiddenSize } },
      bindings: {
        table: { buffer: c.buffer('parameters'), offset: embedding.offset * 4, size: embedding.size * 4 },
        active_: c.buffer('active'),
        slots: c.buffer('slots'),
        tokens: c.buffer('tokens'),
        x: c.buffer('layer0.x'),
        batch: c.buffer('batch'),
      },
      x: { perRow: config.hiddenSize, groupSize: 256 },
    },
  ];
  for (let layer = 0; layer < config.layers; layer++) {
    specs.push(...attentionInput(c, layer), decodeAttention(c, layer), ...attentionOutputAndFfn(c, layer));
  }
  specs.push(...headForward(c), {
    kernel: { file: 'sample.wgsl', constants: vocabularyConstants(config) },
    bindings: {
      logits: c.buffer('logits'),
      active_: c.buffer('active'),
      forced: c.buffer('forced'),
      stopKinds: c.buffer('stopKinds'),
      slots: c.buffer('slots'),
      output: c.buffer('output'),
      batch: c.buffer('batch'),
      rollout: c.buffer('rollout'),
    },
    x: { perRow: 1, groupSize: 64 },
  });
  return specs;
}

function decodeAttention(c: ModelContext, layer: number): DispatchSpec {
  const { config } = c;
  const lanes = c.isSoftware ? 1 : 8; // a CPU rasteriser has nothing to gain from sharing one query's keys
  const threads = config.headDim > 48 ? 32 : 64; // the merge keeps threads * headDim floats in 16 KiB
  return {
    kernel: {
      file: 'decodeAttention.wgsl',
      constants: {
        ...chunkConstants(config),
        LANES: lanes,
        THREADS: threads,
        MERGES: lanes > 1,
      },
      floats: attentionScale(config),
    },
    bindings: {
      qk: c.buffer('layer0.qk'),
      qkv: c.buffer('layer0.qkv'),
      tokens: c.buffer('tokens'),
      cacheK: c.buffer(`cacheK${layer}`),
      cacheV: c.buffer(`cacheV${layer}`),
      attended: c.buffer('layer0.attended'),
      batch: c.buffer('batch'),
      rollout: c.buffer('rollout'),
    },
    x: { perRow: config.heads * lanes, groupSize: threads },
  };
}

function updateSpec(c: ModelContext): DispatchSpec {
  return {
    kernel: { file: 'slotUpdate.wgsl', constants: {} },
    bindings: {
      updates: c.buffer('updates'),
      tokens: c.buffer('updateTokens'),
      slots: c.buffer('slots'),
      forced: c.buffer('forced'),
      rollout: c.buffer('rollout'),
      count: c.buffer('updateCount'),
    },
    x: { perRow: 1, groupSize: 64 },
  };
}

function storeSpecs(config: PolicyConfig, prefilled: BufferSet, plan: BufferSet): DispatchSpec[] {
  const { HEADS, KV_HEADS, HEAD_DIM } = headConstants(config);
  return Array.from({ length: config.layers }, (_, layer) => ({
    kernel: { file: 'cacheStore.wgsl', constants: { HEADS, KV_HEADS, HEAD_DIM } },
    bindings: {
      qk: prefilled.get(`layer${layer}.qk`),
      qkv: prefilled.get(`layer${layer}.qkv`),
      copies: plan.get('copies'),
      cacheK: plan.get(`cacheK${layer}`),
      cacheV: plan.get(`cacheV${layer}`),
      count: plan.get('copyCount'),
    },
    x: { perRow: config.kvHeads, groupSize: 64 },
  }));
}
