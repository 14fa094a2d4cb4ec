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
import { batchUniformBytes, type BatchUniform } from '../kernels/batchUniform.ts';
import type { MicroBatch } from '../../layout/packing.ts';
import { ropeTable } from '../../layout/ropeTable.ts';

/** What a micro-batch brings along. */
const inputNames = ['tokens', 'targets', 'order', 'firstRow', 'batch'] as const;

/** The parts of a forward pass: decoder layers, logits, log-softmax with the objective. */
type ForwardLists = Readonly<Record<'body' | 'head' | 'loss', readonly Dispatch[]>>;

async function forwardLists(gpu: Gpu, library: KernelLibrary, context: ModelContext): Promise<ForwardLists> {
  const specs: DispatchSpec[] = [embedding(context)];
  for (let layer = 0; layer < context.config.layers; layer++) {
    specs.push(...attentionInput(context, layer), packedAttention(context, layer));
    specs.push(...attentionOutputAndFfn(context, layer));
  }
  const [body, head, loss] = await Promise.all([
    buildDispatches(gpu, library, specs),
    buildDispatches(gpu, library, headForward(context)),
    buildDispatches(gpu, library, lossDispatches(context)),
  ]);
  return { body, head, loss };
}

export class TrainingPlan {
  readonly shape: TrainingShape;
  readonly buffers: BufferSet;
  /** The forward pass of the engine's own weights. */
  readonly forward: ForwardLists;
  readonly #backward: readonly Dispatch[];
  /** Makes the forward pass of other weights. */
  readonly #forwardWith: (weights: GPUBuffer) => Promise<ForwardLists>;
  readonly #forwardOf = new WeakMap<GPUBuffer, Promise<ForwardLists>>();
  readonly #splits: number;
  readonly #places: ReturnType<typeof uploadPlaces>;

  private constructor(
    config: PolicyConfig,
    shape: TrainingShape,
    splits: number,
    buffers: BufferSet,
    lists: { forward: ForwardLists; backward: readonly Dispatch[] },
    forwardWith: (weights: GPUBuffer) => Promise<ForwardLists>,
  ) {
    this.shape = shape;
    this.#splits = splits;
    this.#places = uploadPlaces(config, shape.rows);
    this.buffers = buffers;
    this.forward = lists.forward;
    this.#backward = lists.backward;
    this.#forwardWith = forwardWith;
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
      const [forward, backwardList] = await Promise.all([
        forwardLists(gpu, library, context),
        buildDispatches(gpu, library, [statsDispatch(context), ...backward(context)]),
      ]);
      const forwardWith = (weights: GPUBuffer) =>
        forwardLists(gpu, library, {
          ...context,
          buffer: (name) => (name === 'parameters' ? weights : context.buffer(name)),
        });
      const lists = { forward, backward: backwardList };
      return new TrainingPlan(config, shape, parameters.splits, buffers, lists, forwardWith);
    } catch (error) {
      buffers.destroy();
      throw error;
    }
  }

  /** Dispatches of one forward and backward pass. */
  get dispatchCount(): number {
    const lists = [...Object.values(this.forward), this.#backward];
    return lists.reduce((sum, list) => sum + list.length, 0);
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

  /** The forward pass of other weights than the engine's, made when first asked for. // weights [layout.size] */
  forwardOf(weights: GPUBuffer): Promise<ForwardLists> {
    const known = this.#forwardOf.get(weights) ?? this.#forwardWith(weights);
    this.#forwardOf.set(weights, known);
    return known;
  }

  /** A whole pass of the engine's own weights: forward, loss and gradients. */
  encode(pass: GPUComputePassEncoder, rows: number): void {
    const { body, head, loss } = this.forward;
    for (const list of [body, head, loss, this.#backward]) encodeDispatches(pass, list, rows);
  }

  destroy(): void {
    this.buffers.destroy();
  }
}
