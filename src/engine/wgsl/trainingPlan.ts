/**
 * The static training plan: all buffers and dispatch lists for packed batches of up to `capacity` rows.
 *
 * Invariant: made once; afterwards `upload` and `encode*` create no GPU object but the command encoder itself. A plan
 * serves every smaller batch too, because grids follow the rows in use.
 */
import type { PolicyConfig } from '../../policy/config.ts';
import { BufferSet } from './buffers.ts';
import type { Gpu } from './device.ts';
import { buildDispatches, encodeDispatches, type Dispatch, type DispatchSpec } from './dispatchList.ts';
import type { FlatParameters } from './flatParameters.ts';
import type { KernelLibrary } from './kernels.ts';
import { BATCH_BYTES, checkMemory, trainingBuffers } from './memoryPlan.ts';
import { backward } from './modelBackward.ts';
import { type ModelContext } from './modelContext.ts';
import {
  attentionInput,
  attentionOutputAndFfn,
  embedding,
  headForward,
  lossDispatches,
  packedAttention,
  statsDispatch,
} from './modelForward.ts';
import type { MicroBatch } from './packing.ts';
import { ropeTable } from './ropeTable.ts';

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

const objectiveCodes = { logProbs: 0, sft: 1, grpo: 2 } as const;

/** Rows that one gradient slot sums over, a multiple of the matmul's k tile. */
export function splitRows(rows: number, slots: number): number {
  return Math.max(16, Math.ceil(Math.ceil(rows / slots) / 16) * 16);
}

export function batchUniformBytes(batch: BatchUniform, slots: number): ArrayBuffer {
  const bytes = new ArrayBuffer(BATCH_BYTES);
  new Uint32Array(bytes, 0, 4).set([
    batch.rows,
    batch.accumulate ? 1 : 0,
    splitRows(batch.rows, slots),
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

type ListName = 'body' | 'head' | 'loss' | 'backward';

export class TrainingPlan {
  readonly capacity: number;
  readonly buffers: BufferSet;
  readonly #lists: Readonly<Record<ListName, readonly Dispatch[]>>;
  readonly #slots: number;

  private constructor(
    capacity: number,
    slots: number,
    buffers: BufferSet,
    lists: Record<ListName, readonly Dispatch[]>,
  ) {
    this.capacity = capacity;
    this.#slots = slots;
    this.buffers = buffers;
    this.#lists = lists;
  }

  /** Plan, check, allocate, compile, bind. Rejects with a sentence when the adapter cannot hold it. */
  static async create(
    gpu: Gpu,
    library: KernelLibrary,
    config: PolicyConfig,
    parameters: FlatParameters,
    capacity: number,
    budget: number,
  ): Promise<TrainingPlan> {
    const sizes = trainingBuffers(config, capacity);
    const doing = `Training on ${capacity} tokens at a time`;
    checkMemory(doing, sizes, gpu.device.limits, budget);
    const buffers = await BufferSet.allocate(gpu, doing, sizes);
    try {
      buffers.add(
        'batch',
        gpu.device.createBuffer({
          label: 'batch',
          size: BATCH_BYTES,
          usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
        }),
      );
      buffers.add(
        'rowStaging',
        gpu.device.createBuffer({
          label: 'rowStaging',
          size: capacity * 32,
          usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ,
        }),
      );
      gpu.device.queue.writeBuffer(
        buffers.get('rope'),
        0,
        ropeTable(capacity, config.headDim, config.ropeTheta),
      );
      const context: ModelContext = {
        config,
        layout: parameters.layout,
        capacity,
        slots: parameters.slots,
        buffer: (name) => buffers.find(name) ?? parameters.buffers.get(name),
        uniform: parameters.uniforms.place,
        isSoftware: gpu.isSoftware,
      };
      const body: DispatchSpec[] = [embedding(context)];
      for (let layer = 0; layer < config.layers; layer++) {
        body.push(...attentionInput(context, layer), packedAttention(context, layer));
        body.push(...attentionOutputAndFfn(context, layer));
      }
      const [bodyList, head, loss, back] = await Promise.all([
        buildDispatches(gpu, library, body),
        buildDispatches(gpu, library, headForward(context)),
        buildDispatches(gpu, library, lossDispatches(context)),
        buildDispatches(gpu, library, [statsDispatch(context), ...backward(context)]),
      ]);
      const lists = { body: bodyList, head, loss, backward: back };
      return new TrainingPlan(capacity, parameters.slots, buffers, lists);
    } catch (error) {
      buffers.destroy();
      throw error;
    }
  }

  /** Dispatches of one forward and backward pass. */
  get dispatchCount(): number {
    return Object.values(this.#lists).reduce((sum, list) => sum + list.length, 0);
  }

  /** Queue the writes of one micro-batch; ordered before the next submit. */
  upload(gpu: Gpu, micro: MicroBatch, uniform: Omit<BatchUniform, 'rows'>): void {
    const { queue } = gpu.device;
    queue.writeBuffer(this.buffers.get('tokens'), 0, micro.tokens);
    queue.writeBuffer(this.buffers.get('targets'), 0, micro.targets);
    queue.writeBuffer(this.buffers.get('order'), 0, micro.order);
    queue.writeBuffer(this.buffers.get('firstRow'), 0, micro.firstRow);
    queue.writeBuffer(
      this.buffers.get('batch'),
      0,
      batchUniformBytes({ ...uniform, rows: micro.rows }, this.#slots),
    );
  }

  /** Encode parts of the pass in order. */
  encode(pass: GPUComputePassEncoder, rows: number, parts: readonly ListName[]): void {
    for (const part of parts) encodeDispatches(pass, this.#lists[part], rows);
  }

  destroy(): void {
    this.buffers.destroy();
  }
}
