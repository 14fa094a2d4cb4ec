/**
 * The hand-written WebGPU engine: `PolicyEngine` on a raw `GPUDevice`.
 *
 * Calls are served one after another in the order they were made; none sees another half done. Two steps may be queued on the GPU at once,
 * so that it goes from one to the other while the CPU reads the first one's loss. Nothing
 * random and no float atomics: the same calls on the same adapter give bit-identical weights. Device errors reject
 * the call they belong to; a lost device resolves `lost` with a sentence and every later call rejects with it.
 */
import type { NamedTensors, PolicyConfig } from '../../policy/config.ts';
import type {
  BatchLoss,
  EngineDescription,
  GrpoStats,
  OptimizerSettings,
  OptimizerState,
  PolicyEngine,
  RolloutOptions,
  RolloutSession,
  SequenceLogProbs,
  SftSequence,
  SftStats,
  WeightSnapshot,
} from '../engine.ts';
import { WeightSnapshots } from '../weightSnapshots.ts';
import { describeGpu } from './device/describe.ts';
import { openDevice, type Gpu, type Tuning } from './device/device.ts';
import { FlatParameters, MAX_QUEUED_STEPS } from './model/flatParameters.ts';
import { KernelLibrary, type CompileProgress } from './kernels/kernels.ts';
import { memoryPlan, type DeviceLimits, type MemoryNeeds, type MemoryPlan } from './memory/memoryPlan.ts';
import { DecodePlans } from './rollout/decodePlans.ts';
import { startSession } from './rollout/rolloutSession.ts';
import { gatedSubgroups } from './subgroupGate.ts';
import { BatchRunner } from './training/batchRunner.ts';

export { WgslUnavailableError } from './device/device.ts';
export { MemoryPlanError, memoryPlan, type MemoryNeeds, type MemoryPlan } from './memory/memoryPlan.ts';

export interface WgslEngineOptions {
  readonly config: PolicyConfig;
  /** Defaults to `navigator.gpu`. */
  readonly gpu?: GPU;
  /** Pipelines compiled so far, for a progress bar. */
  readonly onProgress?: (progress: CompileProgress) => void;
  /** Bytes of graphics memory that one plan may use; default 1 GB. */
  readonly memoryBudget?: number;
  /** Which variant of the kernels to take; default: what the adapter is. */
  readonly tuning?: Tuning;
  /** Tokens in one micro-batch at most; default: what memory and a responsive page allow. */
  readonly maxRows?: number;
  /** Sequences that a rollout session generates at once, at most; default 1024. Others wait for a free slot. */
  readonly maxSlots?: number;
}

export interface WgslEngine extends PolicyEngine {
  /** Submits and dispatches of the last `step`. */
  readonly lastStep: { readonly submits: number; readonly dispatches: number };
  /** The bytes that a run with these needs will hold on this device. Throws `MemoryPlanError` where it cannot. */
  memory(needs: MemoryNeeds): MemoryPlan;
}

/**
 * Open the device, compile the kernels (in parallel, with progress) and allocate the flat buffers. Weights are zero
 * until `loadTensors`. Rejects with `WgslUnavailableError` or `MemoryPlanError`, each a sentence for people.
 */
export async function createWgslEngine(options: WgslEngineOptions): Promise<WgslEngine> {
  const navigatorGpu = typeof navigator === 'undefined' ? undefined : navigator.gpu;
  const opened = await openDevice(options.gpu ?? navigatorGpu, options.tuning);
  try {
    const library = new KernelLibrary(opened, options.onProgress);
    const gpu = await gatedSubgroups(opened, library, options.config);
    const limits: DeviceLimits = {
      adapter: gpu.device.limits,
      isSoftware: gpu.isSoftware,
      ...(options.memoryBudget === undefined ? {} : { budget: options.memoryBudget }),
      ...(options.maxRows === undefined ? {} : { maxRows: options.maxRows }),
      ...(options.maxSlots === undefined ? {} : { maxSlots: options.maxSlots }),
    };
    const parameters = await FlatParameters.create(gpu, library, options.config, limits);
    const runner = new BatchRunner(gpu, library, options.config, parameters, limits);
    // Compiles every training kernel now, not at the first step.
    await runner.planOf({ rows: Math.min(256, runner.largestRows), uploads: 1 });
    const rollouts = new DecodePlans({
      gpu,
      library,
      config: options.config,
      parameters,
      limits,
    });
    return new Engine(gpu, limits, parameters, runner, rollouts);
  } catch (error) {
    opened.destroy();
    throw error;
  }
}

class Engine implements WgslEngine {
  readonly description: EngineDescription;
  readonly config: PolicyConfig;
  readonly lost: Promise<string>;
  readonly #gpu: Gpu;
  readonly #limits: DeviceLimits;
  readonly #parameters: FlatParameters;
  readonly #runner: BatchRunner;
  readonly #rollouts: DecodePlans;
  readonly #snapshots = new WeightSnapshots<GPUBuffer>((buffer) => {
    this.#release(buffer);
  });
  #tail: Promise<unknown> = Promise.resolve();
  /** Steps on the GPU whose outcome is not known yet, oldest first; none of them rejects. */
  readonly #queued: Promise<void>[] = [];
  #isDisposed = false;

  constructor(
    gpu: Gpu,
    limits: DeviceLimits,
    parameters: FlatParameters,
    runner: BatchRunner,
    rollouts: DecodePlans,
  ) {
    this.#gpu = gpu;
    this.#limits = limits;
    this.config = parameters.config;
    this.#parameters = parameters;
    this.#runner = runner;
    this.#rollouts = rollouts;
    this.lost = gpu.lost;
    this.description = describeGpu(gpu);
  }

  get lastStep() {
    return this.#runner.lastStep;
  }

  memory(needs: MemoryNeeds): MemoryPlan {
    return memoryPlan(this.config, needs, this.#limits);
  }

  loadTensors(tensors: NamedTensors): Promise<void> {
    return this.#next(() => this.#parameters.load(tensors));
  }

  readTensors(): Promise<NamedTensors> {
    return this.#next(() => this.#parameters.read('parameters'));
  }

  resetOptimizer(): void {
    // Queued like every call; a failure (a lost device) is reported by the next awaited call.
    void this.#next(() => this.#parameters.reset()).catch(() => undefined);
  }

  readOptimizer(): Promise<OptimizerState> {
    return this.#next(async () => {
      const [m, v] = [await this.#parameters.read('m'), await this.#parameters.read('v')];
      return { step: this.#parameters.step, m, v };
    });
  }

  loadOptimizer(state: OptimizerState): Promise<void> {
    return this.#next(() => this.#parameters.loadOptimizer(state.step, state.m, state.v));
  }

  step(batch: Extract<BatchLoss, { kind: 'sft' }>, optimizer: OptimizerSettings): Promise<SftStats>;
  step(batch: Extract<BatchLoss, { kind: 'grpo' }>, optimizer: OptimizerSettings): Promise<GrpoStats>;
  step(batch: BatchLoss, optimizer: OptimizerSettings): Promise<SftStats | GrpoStats> {
    const queued = this.#tail.then(async () => {
      while (this.#queued.length >= MAX_QUEUED_STEPS) await this.#queued[0];
      this.#gpu.check();
      const read = await this.#runner.queue(batch, optimizer);
      const before = this.#queued.at(-1);
      const outcome = (async () => {
        await before;
        const stats = await read();
        this.#gpu.check();
        return stats;
      })();
      const settled = outcome.then(
        () => undefined,
        () => undefined,
      );
      this.#queued.push(settled);
      void settled.then(() => this.#queued.shift());
      return { outcome };
    });
    this.#tail = queued.catch(() => undefined);
    return queued.then(({ outcome }) => outcome);
  }

  gradients(
    batch: BatchLoss,
  ): Promise<{ readonly stats: SftStats | GrpoStats; readonly gradients: NamedTensors }> {
    return this.#next(async () => {
      const read = await this.#runner.queue(batch, undefined);
      const stats = await read();
      return { stats, gradients: await this.#parameters.read('gradient') };
    });
  }

  snapshot(tensors?: NamedTensors): Promise<WeightSnapshot> {
    return this.#next(async () => this.#snapshots.add(await this.#parameters.frozen(tensors)));
  }

  logProbs(
    sequences: readonly Pick<SftSequence, 'tokens'>[],
    temperature: number,
    snapshot?: WeightSnapshot,
  ): Promise<readonly SequenceLogProbs[]> {
    return this.#next(() => {
      const weights = snapshot && this.#snapshots.weightsOf(snapshot);
      return this.#runner.logProbs(sequences, temperature, weights);
    });
  }

  logits(tokens: Int32Array): Promise<Float32Array> {
    return this.#next(() => this.#runner.logits(tokens));
  }

  startRollout(options: RolloutOptions): RolloutSession {
    return startSession(this.#rollouts, options, (work) => this.#next(work));
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#snapshots.dispose();
    this.#rollouts.dispose();
    this.#runner.dispose();
    this.#parameters.destroy();
    this.#gpu.destroy();
  }

  /** Destroy a snapshot's buffer, once no call that may still read it is under way. */
  #release(buffer: GPUBuffer): void {
    if (this.#isDisposed) buffer.destroy();
    else
      void this.#tail.then(() => {
        buffer.destroy();
      });
  }

  /** Run `work` after everything asked for before it. */
  #next<T>(work: () => T | Promise<T>): Promise<T> {
    const result = this.#tail.then(async () => {
      while (this.#queued.length > 0) await this.#queued[0];
      this.#gpu.check();
      const value = await work();
      this.#gpu.check();
      return value;
    });
    this.#tail = result.catch(() => undefined);
    return result;
  }
}
