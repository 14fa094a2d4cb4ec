/**
 * The flat buffers on the device: parameters, gradient and its split-K partials, AdamW's m and v; and the three dispatches of a step.
 *
 * All share one layout. A step is queued before it is known whether the one before it was skipped, so the step count that counts is the
 * GPU's (gradientNorm.wgsl); the one here is right whenever nothing is queued.
 */
import type { NamedTensors, PolicyConfig } from '../../../policy/config.ts';
import type { OptimizerSettings } from '../../engine.ts';
import { BufferSet, readBuffer, readStaging, UniformArena } from '../device/buffers.ts';
import type { Gpu } from '../device/device.ts';
import { buildDispatches, encodeDispatches, type Dispatch } from '../kernels/dispatchList.ts';
import type { KernelLibrary } from '../kernels/kernels.ts';
import { parameterBuffers, parameterExtras, splitCount } from '../memory/bufferSizes.ts';
import { checkMemory, type DeviceLimits } from '../memory/memoryPlan.ts';
import { optimizerDispatches } from './optimizerStep.ts';
import type { LossTotals } from '../../layout/batchStats.ts';
import {
  flattenTensors,
  namedTensors,
  parameterLayout,
  type ParameterLayout,
} from '../../layout/parameterLayout.ts';

/** What a step leaves for the CPU: sums of loss.wgsl's RowStats, then the norm's part. */
export interface Totals extends LossTotals {
  readonly gradNorm: number;
  readonly finite: boolean;
}

/** Steps that may be queued at once: each has a staging buffer for its totals. */
export const MAX_QUEUED_STEPS = 2;

/** A step whose totals were not read yet. */
export interface QueuedStep {
  readonly staging: 'totals0' | 'totals1';
  readonly updates: boolean;
}

const TOTALS_BYTES = parameterExtras.totals0;

export class FlatParameters {
  readonly config: PolicyConfig;
  readonly layout: ParameterLayout;
  readonly splits: number;
  readonly buffers: BufferSet;
  /** Small uniforms that never change, shared by every plan. */
  readonly uniforms: UniformArena;
  readonly #gpu: Gpu;
  readonly #sum: readonly Dispatch[];
  readonly #update: readonly Dispatch[];
  #step = 0;
  /** Steps that the GPU has skipped, as far as they were read. */
  #skipped = 0;
  readonly #queued: QueuedStep[] = [];
  #nextStaging: 0 | 1 = 0;

  private constructor(
    gpu: Gpu,
    config: PolicyConfig,
    layout: ParameterLayout,
    splits: number,
    buffers: BufferSet,
    dispatches: { sum: readonly Dispatch[]; update: readonly Dispatch[] },
  ) {
    this.#gpu = gpu;
    this.config = config;
    this.layout = layout;
    this.splits = splits;
    this.buffers = buffers;
    this.uniforms = new UniformArena(gpu, buffers, parameterExtras.uniforms / 256);
    this.#sum = dispatches.sum;
    this.#update = dispatches.update;
  }

  static async create(
    gpu: Gpu,
    library: KernelLibrary,
    config: PolicyConfig,
    limits: DeviceLimits,
  ): Promise<FlatParameters> {
    const layout = parameterLayout(config);
    const splits = splitCount(config);
    const sizes = parameterBuffers(config);
    const doing = 'Holding the policy and its optimizer';
    checkMemory(doing, sizes, limits);
    const buffers = await BufferSet.allocate(gpu, doing, sizes);
    const { device } = gpu;
    buffers.add(
      'optimizer',
      device.createBuffer({
        label: 'optimizer',
        size: parameterExtras.optimizer,
        usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
      }),
    );
    for (const label of ['totals0', 'totals1'] as const) {
      buffers.add(
        label,
        device.createBuffer({
          label,
          size: parameterExtras[label],
          usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ,
        }),
      );
    }
    device.queue.writeBuffer(buffers.get('decayed'), 0, layout.decayedBlocks as Uint32Array<ArrayBuffer>);
    const specs = optimizerDispatches({
      config,
      layout,
      capacity: 0,
      splits,
      buffer: (name) => buffers.get(name),
      isSoftware: gpu.isSoftware,
      subgroupLanes: gpu.subgroupLanes,
      uniform: () => {
        throw new Error('The optimizer needs no uniform arena.');
      },
    });
    const [sum, update] = await Promise.all([
      buildDispatches(gpu, library, specs.sum),
      buildDispatches(gpu, library, specs.update),
    ]);
    return new FlatParameters(gpu, config, layout, splits, buffers, { sum, update });
  }

  get step(): number {
    return this.#step;
  }

  get dispatchCount(): number {
    return this.#sum.length + this.#update.length;
  }

  load(tensors: NamedTensors): void {
    this.#write('parameters', flattenTensors(this.layout, tensors));
    this.reset();
  }

  read(name: 'parameters' | 'gradient' | 'm' | 'v'): Promise<NamedTensors> {
    return readBuffer(this.#gpu, this.buffers.get(name), this.layout.size * 4).then((flat) =>
      namedTensors(this.layout, this.config, flat),
    );
  }

  reset(): void {
    const zeros = new Float32Array(this.layout.size);
    this.#write('m', zeros);
    this.#write('v', zeros);
    this.#step = 0;
  }

  loadOptimizer(step: number, m: NamedTensors, v: NamedTensors): void {
    const [flatM, flatV] = [flattenTensors(this.layout, m), flattenTensors(this.layout, v)];
    this.#write('m', flatM);
    this.#write('v', flatV);
    this.#step = step;
  }

  /** Write the settings of the next step; queued before the next submit. */
  uploadSettings(settings: OptimizerSettings | undefined): void {
    const step = this.#step + this.#queued.filter(({ updates }) => updates).length + 1;
    const s = settings ?? {
      learningRate: 0,
      beta1: 0,
      beta2: 0,
      epsilon: 1,
      weightDecay: 0,
      maxGradNorm: Infinity,
    };
    this.#write(
      'optimizer',
      new Float32Array([
        s.learningRate,
        s.beta1,
        s.beta2,
        s.epsilon,
        s.weightDecay,
        Math.min(s.maxGradNorm, 3e38),
        1 - s.beta1 ** step,
        1 - s.beta2 ** step,
        1 - s.beta1 ** (step - 1),
        1 - s.beta2 ** (step - 1),
        this.#skipped,
        0,
      ]),
    );
  }

  /** Sum the gradient partials and take the norm; with `update`, also AdamW. */
  encode(pass: GPUComputePassEncoder, update: boolean): void {
    encodeDispatches(pass, this.#sum, 0);
    if (update) encodeDispatches(pass, this.#update, 0);
  }

  /** Copy out what the step leaves for the CPU: the last of its commands. */
  encodeTotals(encoder: GPUCommandEncoder, updates: boolean): QueuedStep {
    if (this.#queued.length >= MAX_QUEUED_STEPS) throw new Error('Too many steps are queued.');
    const step: QueuedStep = { staging: `totals${this.#nextStaging}`, updates };
    this.#nextStaging = this.#nextStaging === 0 ? 1 : 0;
    const [totals, staging] = [this.buffers.get('totals'), this.buffers.get(step.staging)];
    encoder.copyBufferToBuffer(totals, 0, staging, 0, TOTALS_BYTES);
    this.#queued.push(step);
    return step;
  }

  /** What a step left, once it is through; counts it. Steps are to be read in the order in which they were queued. */
  async readTotals(step: QueuedStep): Promise<Totals> {
    try {
      const staging = this.buffers.get(step.staging);
      const sums = new Float32Array(await readStaging(this.#gpu, staging, TOTALS_BYTES));
      const finite = sums[10] === 1; // gradientNorm.wgsl's, from 8 on; before them stats.wgsl's six
      this.#skipped = sums[11]!;
      if (finite && step.updates) this.#step++;
      return {
        loss: sums[0]!,
        entropy: sums[1]!,
        clipLow: sums[2]!,
        clipHigh: sums[3]!,
        dualClip: sums[4]!,
        kl: sums[5]!,
        gradNorm: sums[8]!,
        finite,
      };
    } finally {
      this.#queued.splice(this.#queued.indexOf(step), 1);
    }
  }

  /** Weights that later steps do not move: the present ones, or `tensors`. The caller destroys the buffer. // [layout.size] */
  async frozen(tensors?: NamedTensors): Promise<GPUBuffer> {
    const { device } = this.#gpu;
    const flat = tensors && flattenTensors(this.layout, tensors);
    const buffer = await this.#gpu.guarded('Keeping a copy of the weights', () =>
      device.createBuffer({
        label: 'frozen weights',
        size: this.layout.size * 4,
        usage: GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_DST,
      }),
    );
    if (flat) device.queue.writeBuffer(buffer, 0, flat);
    else this.copyTo(buffer);
    return buffer;
  }

  /** Queue a copy of the present weights into `target`, a buffer of the flat size. */
  copyTo(target: GPUBuffer): void {
    const from = this.buffers.get('parameters');
    const encoder = this.#gpu.device.createCommandEncoder();
    encoder.copyBufferToBuffer(from, 0, target, 0, from.size);
    this.#gpu.device.queue.submit([encoder.finish()]);
  }

  destroy(): void {
    this.buffers.destroy();
  }

  #write(name: string, data: Float32Array): void {
    this.#gpu.device.queue.writeBuffer(this.buffers.get(name), 0, data as Float32Array<ArrayBuffer>);
  }
}
