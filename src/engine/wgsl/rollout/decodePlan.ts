/**
 * The static plan of a rollout: slots, their key/value cache, and the dispatch lists of a decoding step and of a prefill.
 *
 * Invariant: made once for (slots, positions); a chunk is prefill and steps replayed in one submit, its results copied to one
 * of two staging buffers, and creates no GPU object but the command encoder. Rows are the active slots only, so a long
 * tail of few sequences costs little. The cache is laid out [slot, position, kvHead, headDim] per layer.
 */
import type { PolicyConfig } from '../../../policy/config.ts';
import type { RolloutOptions } from '../../engine.ts';
import { BufferSet, readStaging } from '../device/buffers.ts';
import type { Gpu } from '../device/device.ts';
import { buildDispatches, encodeDispatches, type Dispatch } from '../kernels/dispatchList.ts';
import type { FlatParameters } from '../model/flatParameters.ts';
import type { KernelLibrary } from '../kernels/kernels.ts';
import { checkMemory, type DeviceLimits } from '../memory/memoryPlan.ts';
import { TOKEN_WORDS } from '../../layout/packing.ts';
import { cutPrefill, type Prefill } from '../../layout/prefill.ts';
import {
  MAX_CHUNK,
  prefillRows,
  rolloutBuffers,
  rolloutUniforms,
  SLOT_WORDS,
  stagingBytes,
  UPDATE_WORDS,
  type PlanShape,
} from '../memory/rolloutBuffers.ts';
import { slotStatus, type ChunkPlan, type ChunkWork, type SlotUpdate } from './chunkPlan.ts';
import { copySpecs, prefillSpecs, rolloutContext, stepSpecs, updateSpec } from './rolloutDispatches.ts';
import { readResults, type ChunkResults } from './rolloutRow.ts';
import { ropeTable } from '../../layout/ropeTable.ts';
import { batchUniformBytes, noObjective } from '../kernels/batchUniform.ts';

interface Lists {
  readonly step: readonly Dispatch[];
  readonly prefill: readonly Dispatch[];
  readonly copy: readonly Dispatch[];
  readonly update: readonly Dispatch[];
}

export class DecodePlan implements ChunkPlan {
  readonly shape: PlanShape;
  readonly buffers: BufferSet;
  readonly #gpu: Gpu;
  readonly #config: PolicyConfig;
  readonly #lists: Lists;
  readonly #stagingBytes: number;

  private constructor(gpu: Gpu, config: PolicyConfig, shape: PlanShape, buffers: BufferSet, lists: Lists) {
    this.#gpu = gpu;
    this.#config = config;
    this.shape = shape;
    this.buffers = buffers;
    this.#lists = lists;
    this.#stagingBytes = stagingBytes(shape);
  }

  static async create(
    gpu: Gpu,
    library: KernelLibrary,
    config: PolicyConfig,
    parameters: FlatParameters,
    shape: PlanShape,
    limits: DeviceLimits,
  ): Promise<DecodePlan> {
    const doing = `Generating ${shape.slots} sequences of ${shape.positions} tokens at a time`;
    const sizes = rolloutBuffers(config, shape);
    checkMemory(doing, sizes, limits);
    const buffers = await BufferSet.allocate(gpu, doing, sizes);
    try {
      addUniformsAndStaging(gpu, buffers, shape);
      const rope = ropeTable(shape.positions, config.headDim, config.ropeTheta);
      gpu.device.queue.writeBuffer(buffers.get('rope'), 0, rope);
      const base = {
        config,
        layout: parameters.layout,
        splits: parameters.splits,
        uniform: parameters.uniforms.place,
        isSoftware: gpu.isSoftware,
        subgroupLanes: gpu.subgroupLanes,
      };
      const decoding = rolloutContext(base, shape.slots, (name) => buffers.get(name));
      const own = new Map([
        ['tokens', 'prefillTokens'],
        ['batch', 'prefillBatch'],
      ]);
      const prefilling = rolloutContext(base, prefillRows(shape), (name) =>
        buffers.get(own.get(name) ?? name),
      );
      const [step, prefill, copy, update] = await Promise.all([
        buildDispatches(gpu, library, stepSpecs(decoding)),
        buildDispatches(gpu, library, prefillSpecs(prefilling)),
        buildDispatches(gpu, library, copySpecs(decoding)),
        buildDispatches(gpu, library, [updateSpec(decoding)]),
      ]);
      return new DecodePlan(gpu, config, shape, buffers, { step, prefill, copy, update });
    } catch (error) {
      buffers.destroy();
      throw error;
    }
  }

  /** Dispatches of one decoding step. */
  get dispatchesPerToken(): number {
    return this.#lists.step.length;
  }

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

  /** One submit, unless the prefills are more rows than the plan has: each further lot of rows is a submit before it. */
  submit({ updates, prefills, active, steps, staging }: ChunkWork): void {
    const { device } = this.#gpu;
    const lots = cutPrefill(prefills, prefillRows(this.shape));
    const last = lots.pop() ?? new Uint32Array();
    for (const lot of lots) {
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      this.#encodePrefill(pass, lot);
      pass.end();
      device.queue.submit([encoder.finish()]);
    }
    if (updates.length > 0) this.#writeUpdates(updates);
    const copies = this.#writeCopies(prefills);
    device.queue.writeBuffer(this.buffers.get('active'), 0, Uint32Array.from(active));
    device.queue.writeBuffer(this.buffers.get('batch'), 0, rowsUniform(active.length));
    const encoder = device.createCommandEncoder();
    const pass = encoder.beginComputePass();
    encodeDispatches(pass, updates.length > 0 ? this.#lists.update : [], updates.length);
    if (last.length > 0) this.#encodePrefill(pass, last);
    encodeDispatches(pass, copies > 0 ? this.#lists.copy : [], copies);
    for (let step = 0; step < steps; step++) encodeDispatches(pass, this.#lists.step, active.length);
    pass.end();
    const target = this.buffers.get(`staging${staging}`);
    const slotBytes = this.shape.slots * SLOT_WORDS * 4;
    encoder.copyBufferToBuffer(this.buffers.get('slots'), 0, target, 0, slotBytes);
    encoder.copyBufferToBuffer(
      this.buffers.get('output'),
      0,
      target,
      slotBytes,
      this.#stagingBytes - slotBytes,
    );
    device.queue.submit([encoder.finish()]);
  }

  async read(staging: 0 | 1): Promise<ChunkResults> {
    const bytes = await readStaging(this.#gpu, this.buffers.get(`staging${staging}`), this.#stagingBytes);
    return readResults(bytes, this.shape.slots);
  }

  destroy(): void {
    this.buffers.destroy();
  }

  /** @param rows // [rows, TOKEN_WORDS] */
  #encodePrefill(pass: GPUComputePassEncoder, rows: Uint32Array<ArrayBuffer>): void {
    const { queue } = this.#gpu.device;
    const count = rows.length / TOKEN_WORDS;
    queue.writeBuffer(this.buffers.get('prefillTokens'), 0, rows);
    queue.writeBuffer(this.buffers.get('prefillBatch'), 0, rowsUniform(count));
    encodeDispatches(pass, this.#lists.prefill, count);
  }

  /** Returns the number of positions to copy. */
  #writeCopies(prefills: readonly Prefill[]): number {
    const words: number[] = [];
    for (const { slot, position, tokens, copyTo } of prefills) {
      for (const other of copyTo) {
        for (let t = position; t < position + tokens.length; t++) {
          words.push(slot * this.shape.positions + t, other * this.shape.positions + t);
        }
      }
    }
    if (words.length === 0) return 0;
    const { queue } = this.#gpu.device;
    queue.writeBuffer(this.buffers.get('copies'), 0, Uint32Array.from(words));
    queue.writeBuffer(this.buffers.get('copyCount'), 0, Uint32Array.of(words.length / 2, 0, 0, 0));
    return words.length / 2;
  }

  #writeUpdates(updates: readonly SlotUpdate[]): void {
    const words = new Uint32Array(updates.length * UPDATE_WORDS);
    updates.forEach((u, i) => {
      words.set([u.token, u.position, u.id, slotStatus.running, u.slot], i * UPDATE_WORDS);
    });
    const { queue } = this.#gpu.device;
    queue.writeBuffer(this.buffers.get('updates'), 0, words);
    queue.writeBuffer(this.buffers.get('updateCount'), 0, Uint32Array.of(updates.length, 0, 0, 0));
  }
}

/** The `Batch` uniform where only the number of rows matters. */
function rowsUniform(rows: number): ArrayBuffer {
  return batchUniformBytes({ ...noObjective, rows, accumulate: false, objective: 'logProbs' }, 1);
}

function addUniformsAndStaging(gpu: Gpu, buffers: BufferSet, shape: PlanShape): void {
  const { device } = gpu;
  for (const [label, size] of Object.entries(rolloutUniforms)) {
    const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
    buffers.add(label, device.createBuffer({ label, size, usage }));
  }
  for (const label of ['staging0', 'staging1']) {
    const usage = GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ;
    buffers.add(label, device.createBuffer({ label, size: stagingBytes(shape), usage }));
  }
}
