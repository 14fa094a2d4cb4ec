/**
 * The engine for processors: `PolicyEngine` in WebAssembly SIMD, kernels of our own (assembly/).
 *
 * Invariants. (1) Calls are served one after another in the order they were made; none sees another half done. (2) The same calls on
 * the same build give bit-identical weights, however many threads work (threads/threads.test.ts).
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
import { parameterLayout } from '../layout/parameterLayout.ts';
import { WeightSnapshots } from '../weightSnapshots.ts';
import { bestBuild, kernelModule, type KernelBuild } from './kernelModule.ts';
import { Kernels } from './kernels.ts';
import { FlatParameters } from './model/flatParameters.ts';
import { SimdModel } from './model/simdModel.ts';
import { RolloutMemories } from './rollout/rolloutMemory.ts';
import { SimdRolloutSession, type RolloutResources } from './rollout/rolloutSession.ts';
import { WeightsCopies, type WeightsCopy } from './rollout/weightsCopy.ts';
import { Team, ThreadError } from './threads/team.ts';
import { Workspaces } from './threads/workspaces.ts';
import { BatchRunner } from './training/batchRunner.ts';

export { SimdUnavailableError } from './kernelModule.ts';
export { SimdMemoryError } from './kernels.ts';

export interface SimdEngineOptions {
  readonly config: PolicyConfig;
  /** Default: the best that runs here. */
  readonly build?: KernelBuild;
  /** This one counted; default: one a processor, at most eight. */
  readonly threads?: number;
  /** Sequences that a rollout session generates at once, at most. Others wait for a free slot. */
  readonly maxSlots?: number;
}

/**
 * Compile the kernels (once in a process) and allocate the flat parameters. Weights are zero until `loadTensors`.
 * Rejects with `SimdUnavailableError` or `SimdMemoryError`, each a sentence for people.
 */
export async function createSimdEngine(options: SimdEngineOptions): Promise<PolicyEngine> {
  const { config, build = bestBuild() } = options;
  const module = await kernelModule(build);
  const kernels = await Kernels.instantiate(module);
  const model = new SimdModel(kernels, config, parameterLayout(config));
  const team = await Team.start(kernels, module, options.threads);
  try {
    return new Engine(model, team, options.maxSlots);
  } catch (error) {
    team.dispose();
    throw error;
  }
}

class Engine implements PolicyEngine {
  readonly config: PolicyConfig;
  readonly lost: Promise<string>;
  readonly #parameters: FlatParameters;
  readonly #runner: BatchRunner;
  readonly #team: Team;
  readonly #build: KernelBuild;
  readonly #rollouts: RolloutResources;
  readonly #snapshots = new WeightSnapshots<WeightsCopy>((copy) => {
    // After whatever may still read it.
    void this.#next(() => this.#rollouts.copies.release(copy)).catch(() => undefined);
  });
  #lose: (sentence: string) => void = () => undefined;
  #failure: ThreadError | undefined;
  #isDisposed = false;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(model: SimdModel, team: Team, maxSlots: number | undefined) {
    this.config = model.config;
    this.lost = new Promise((resolve) => (this.#lose = resolve));
    this.#team = team;
    this.#parameters = new FlatParameters(model);
    this.#runner = new BatchRunner(model, this.#parameters, team);
    this.#rollouts = {
      model,
      team,
      workspaces: new Workspaces(model, team.threads, false),
      memories: new RolloutMemories(model, maxSlots),
      copies: new WeightsCopies(model, this.#parameters),
      serial: (work) => this.#next(work),
    };
    this.#build = model.kernels.build;
  }

  get description(): EngineDescription {
    const { active, reason } = this.#team;
    return {
      engine: 'simd',
      backend: 'wasm',
      adapter: `processor, ${this.#build} SIMD, ${active} ${active === 1 ? 'thread' : 'threads'}`,
      isSoftware: true,
      threads: active,
      build: this.#build,
      reason: `Our own kernels in WebAssembly run on the processor. ${reason}`,
    };
  }

  useThreads(threads: number): Promise<void> {
    return this.#next(() => this.#team.use(threads));
  }

  loadTensors(tensors: NamedTensors): Promise<void> {
    return this.#next(() => this.#parameters.load(tensors));
  }

  readTensors(): Promise<NamedTensors> {
    return this.#next(() => this.#parameters.read());
  }

  resetOptimizer(): void {
    // Queued like every call; a failure is reported by the next awaited call.
    void this.#next(() => this.#parameters.resetOptimizer()).catch(() => undefined);
  }

  readOptimizer(): Promise<OptimizerState> {
    return this.#next(() => ({ step: this.#parameters.step, ...this.#parameters.readMoments() }));
  }

  loadOptimizer({ step, m, v }: OptimizerState): Promise<void> {
    return this.#next(() => this.#parameters.loadMoments(step, m, v));
  }

  step(batch: Extract<BatchLoss, { kind: 'sft' }>, optimizer: OptimizerSettings): Promise<SftStats>;
  step(batch: Extract<BatchLoss, { kind: 'grpo' }>, optimizer: OptimizerSettings): Promise<GrpoStats>;
  step(batch: BatchLoss, optimizer: OptimizerSettings): Promise<SftStats | GrpoStats> {
    return this.#next(() => this.#runner.run(batch, optimizer));
  }

  gradients(
    batch: BatchLoss,
  ): Promise<{ readonly stats: SftStats | GrpoStats; readonly gradients: NamedTensors }> {
    return this.#next(async () => {
      const stats = await this.#runner.run(batch, undefined);
      return { stats, gradients: this.#parameters.readGradient() };
    });
  }

  snapshot(tensors?: NamedTensors): Promise<WeightSnapshot> {
    return this.#next(() => this.#snapshots.add(this.#rollouts.copies.take(tensors)));
  }

  logProbs(
    sequences: readonly Pick<SftSequence, 'tokens'>[],
    temperature: number,
    snapshot?: WeightSnapshot,
  ): Promise<readonly SequenceLogProbs[]> {
    return this.#next(() => {
      const weights = snapshot && this.#snapshots.weightsOf(snapshot).address;
      return this.#runner.logProbs(sequences, temperature, weights);
    });
  }

  logits(tokens: Int32Array): Promise<Float32Array> {
    return this.#next(() => this.#runner.logits(tokens));
  }

  startRollout(options: RolloutOptions): RolloutSession {
    return new SimdRolloutSession(this.#rollouts, options);
  }

  dispose(): void {
    // After what was asked for before. The memory goes with the last reference to it.
    void this.#next(() => {
      this.#team.dispose();
      this.#isDisposed = true;
    }).catch(() => undefined);
  }

  /** Run `work` after everything asked for before it. */
  #next<T>(work: () => T | Promise<T>): Promise<T> {
    const result = this.#tail.then(async () => {
      if (this.#failure) throw this.#failure;
      if (this.#isDisposed) throw new Error('The engine was disposed of.');
      try {
        return await work();
      } catch (error) {
        if (error instanceof ThreadError) {
          this.#failure = error;
          this.#lose(error.message);
        }
        throw error;
      }
    });
    this.#tail = result.catch(() => undefined);
    return result;
  }
}
