/**
 * The static training plan: all buffers and dispatch lists for packed batches of up to `capacity` rows.
 *
 * Invariant: made once; afterwards `upload` and `encode*` create no GPU object but the command encoder itself. A plan
 * serves every smaller batch too, because grids follow the rows in use. One submit may carry several micro-batches: each has a place
 * of its own in `uploads`, from where it is copied to the kernels' input buffers when its turn comes.
 */
import type { PolicyConfig } from '../../../policy/config.ts';
import { BufferSet } from '../device/buffers.ts';
import type { Gpu } from '../device/device.ts';
import {
  buildDispatches,
  encodeDispatches,
  type Dispatch,
  type DispatchSpec,
} from '../kernels/dispatchList.ts';
import type { FlatParameters } from '../model/flatParameters.ts';
import type { KernelLibrary } from '../kernels/kernels.ts';
import {
  BATCH_BYTES,
  trainingBuffers,
  trainingExtras,
  uploadPlaces,
  type TrainingShape,
} from '../memory/bufferSizes.ts';
import { checkMemory, type DeviceLimits } from '../memory/memoryPlan.ts';
import { backward } from '../model/modelBackward.ts';
import { type ModelContext } from '../model/modelContext.ts';
import {
  attentionInput,
  attentionOutputAndFfn,
  embedding,
  headForward,
  lossDispatches,
  packedAttention,
  statsDispatch,
} from '../model/modelForward.ts';
import { neutralObjective } from '../../layout/batchStats.ts';
import type { MicroBatch } from '../../layout/packing.ts';
import { ropeTable } from '../../layout/ropeTable.ts';

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
export const noObjective = { ...neutralObjective, inverseCount: 0 } satisfies Partial<BatchUniform>;

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

/** What a micro-batch brings along. */
const inputNames = ['tokens', 'targets', 'order', 'firstRow', 'batch'] as const;

type ListName = 'body' | 'head' | 'loss' | 'backward';

export class TrainingPlan {
  readonly shape: TrainingShape;
  readonly buffers: BufferSet;
  readonly #lists: Readonly<Record<ListName, readonly Dispatch[]>>;
  readonly #splits: number;
  readonly #places: ReturnType<typeof uploadPlaces>;

  private constructor(
    config: PolicyConfig,
    shape: TrainingShape,
    splits: number,
    buffers: BufferSet,
    lists: Record<ListName, readonly Dispatch[]>,
  ) {
    this.shape = shape;
    this.#splits = splits;
    this.#places = uploadPlaces(config, shape.rows);
    this.buffers = buffers;
    this.#lists = lists;
  }

  /** Plan, check, allocate, compile, bind. Rejects with a sentence when the adapter cannot hold it. */
  static async create(
    gpu: Gpu,
    library: KernelLibrary,
    config: PolicyConfig,
    parameters: FlatParameters,
    shape: TrainingShape,
    limits: DeviceLimits,
  ): Promise<TrainingPlan> {
    const capacity = shape.rows;
    const sizes = trainingBuffers(config, shape);
    const doing = `Training on ${capacity} tokens at a time`;
    checkMemory(doing, sizes, limits);
    const buffers = await BufferSet.allocate(gpu, doing, sizes);
    try {
      const usages = {
        batch: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
        rowStaging: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ,
      };
      const extras = trainingExtras(capacity);
      for (const label of ['batch', 'rowStaging'] as const) {
        const buffer = gpu.device.createBuffer({ label, size: extras[label], usage: usages[label] });
        buffers.add(label, buffer);
      }
      gpu.device.queue.writeBuffer(
        buffers.get('rope'),
        0,
        ropeTable(capacity, config.headDim, config.ropeTheta),
      );
      const context: ModelContext = {
        config,
        layout: parameters.layout,
        capacity,
        splits: parameters.splits,
        buffer: (name) => buffers.find(name) ?? parameters.buffers.get(name),
        uniform: parameters.uniforms.place,
        isSoftware: gpu.isSoftware,
        subgroupLanes: gpu.subgroupLanes,
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
      return new TrainingPlan(config, shape, parameters.splits, buffers, lists);
    } catch (error) {
      buffers.destroy();
      throw error;
    }
  }

  /** Dispatches of one forward and backward pass. */
  get dispatchCount(): number {
    return Object.values(this.#lists).reduce((sum, list) => sum + list.length, 0);
  }

  /** Queue the writes of a micro-batch to its place in `uploads`; ordered before the next submit, which `encodeInputs` is in. */
  upload(gpu: Gpu, place: number, micro: MicroBatch, uniform: Omit<BatchUniform, 'rows'>): void {
    const { queue } = gpu.device;
    const uploads = this.buffers.get('uploads');
    const batch = batchUniformBytes({ ...uniform, rows: micro.rows }, this.#splits);
    const from = place * this.#places.length;
    for (const name of inputNames) {
      queue.writeBuffer(uploads, from + this.#places[name], name === 'batch' ? batch : micro[name]);
    }
  }

  /** Copy a place's micro-batch to where the kernels read it. */
  encodeInputs(encoder: GPUCommandEncoder, place: number, micro: MicroBatch): void {
    const from = place * this.#places.length;
    for (const name of inputNames) {
      const bytes = name === 'batch' ? BATCH_BYTES : micro[name].byteLength;
      encoder.copyBufferToBuffer(
        this.buffers.get('uploads'),
        from + this.#places[name],
        this.buffers.get(name),
        0,
        bytes,
      );
    }
  }

  /** Encode parts of the pass in order. */
  encode(pass: GPUComputePassEncoder, rows: number, parts: readonly ListName[]): void {
    for (const part of parts) encodeDispatches(pass, this.#lists[part], rows);
  }

  destroy(): void {
    this.buffers.destroy();
  }
}
