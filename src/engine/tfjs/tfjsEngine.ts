/**
 * The policy in TensorFlow.js ops, with its autograd: on WebGPU, WebAssembly, WebGL or plain JavaScript.
 *
 * It is the oracle that hand-written kernels are checked against and the peer they are timed against, so it is written to be read, not to
 * be fast. Invariants. (1) After any method, resolved or rejected, tfjs holds exactly the tensors of the weights, the optimizer,
 * snapshots and open rollout sessions. (2) A step whose loss or gradient norm is not finite leaves weights and moments
 * untouched. (3) Same seed and same backend: same numbers. (4) Calls are served one after another in the order they were made; only
 * a rollout session takes the weights of the moment in which it is started.
 */
import * as tf from '@tensorflow/tfjs';
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
import { nonFiniteLoss } from '../layout/batchStats.ts';
import { countMasked } from '../layout/packing.ts';
import type { ParameterLayout } from '../layout/parameterLayout.ts';
import { flattenTensors, namedTensors, parameterLayout } from '../layout/parameterLayout.ts';
import { WeightSnapshots } from '../weightSnapshots.ts';
import type { Trained } from './adamw.ts';
import { adamw, squaredNorm } from './adamw.ts';
import type { BackendOptions, StartedBackend } from './backend.ts';
import { startBackend, useBackend } from './backend.ts';
import type { MicroBatch } from './microBatches.ts';
import { microBatches } from './microBatches.ts';
import type { Weights } from './model.ts';
import { causalMask, cut, forward, keptCut } from './model.ts';
import { batchStats, microLoss, predictions } from './objective.ts';
import { TfjsRolloutSession } from './rollout.ts';

export interface TfjsEngineOptions extends BackendOptions {
  readonly config: PolicyConfig;
  readonly limits?: Partial<TfjsEngineLimits>;
}

/** What bounds memory; results do not depend on it beyond float32 rounding. */
export interface TfjsEngineLimits {
  /**
   * Padded tokens in one micro-batch. Below 2,000, because tfjs's WebGPU backend adds up longer products with float atomics, in no
   * fixed order (one sequence of 2,000 tokens is such a product whatever the limit).
   */
  readonly cells: number;
  /** Numbers in a rollout's key/value cache: how many sequences are generated at once follows. */
  readonly cacheNumbers: number;
}

const defaultLimits: TfjsEngineLimits = { cells: 1024, cacheNumbers: 48_000_000 };

/** Start a backend and an engine on it. The weights are zero until `loadTensors`. */
export async function createTfjsEngine(options: TfjsEngineOptions): Promise<PolicyEngine> {
  const { backend, description } = await startBackend(options);
  return new TfjsEngine(options.config, backend, description, { ...defaultLimits, ...options.limits });
}

class TfjsEngine implements PolicyEngine {
  readonly config: PolicyConfig;
  readonly description: EngineDescription;
  readonly #backend: StartedBackend;
  readonly #limits: TfjsEngineLimits;
  readonly #layout: ParameterLayout;
  readonly #decayed: tf.Tensor; // [parameters]
  readonly #snapshots = new WeightSnapshots<tf.Tensor>((flat) => {
    flat.dispose();
  });
  #trained: Trained;
  #tail: Promise<unknown> = Promise.resolve();

  constructor(
    config: PolicyConfig,
    backend: StartedBackend,
    description: EngineDescription,
    limits: TfjsEngineLimits,
  ) {
    this.config = config;
    this.description = description;
    this.#backend = backend;
    this.#limits = limits;
    this.#layout = parameterLayout(config);
    const { size, decayedBlocks } = this.#layout;
    this.#decayed = tf.tensor1d(
      Float32Array.from({ length: size }, (_, i) => decayedBlocks[Math.floor(i / 64)]!),
    );
    this.#trained = { flat: tf.zeros([size]), m: tf.zeros([size]), v: tf.zeros([size]), step: 0 };
  }

  get lost(): Promise<string> {
    return this.#backend.lost;
  }

  loadTensors(tensors: NamedTensors): Promise<void> {
    return this.#next(() => {
      const flat = tf.tensor1d(flattenTensors(this.#layout, tensors));
      this.#replace({ ...this.#noMoments(), flat });
    });
  }

  readTensors(): Promise<NamedTensors> {
    return this.#next(() => this.#named(this.#trained.flat));
  }

  resetOptimizer(): void {
    // Queued like every call; a failure is reported by the next awaited call.
    void this.#next(() => this.#replace({ ...this.#noMoments(), flat: this.#trained.flat })).catch(
      () => undefined,
    );
  }

  readOptimizer(): Promise<OptimizerState> {
    return this.#next(async () => {
      const { step, m, v } = this.#trained;
      return { step, m: await this.#named(m), v: await this.#named(v) };
    });
  }

  loadOptimizer({ step, m, v }: OptimizerState): Promise<void> {
    return this.#next(() => {
      const [first, second] = [flattenTensors(this.#layout, m), flattenTensors(this.#layout, v)];
      this.#replace({ flat: this.#trained.flat, m: tf.tensor1d(first), v: tf.tensor1d(second), step });
    });
  }

  step(batch: Extract<BatchLoss, { kind: 'sft' }>, optimizer: OptimizerSettings): Promise<SftStats>;
  step(batch: Extract<BatchLoss, { kind: 'grpo' }>, optimizer: OptimizerSettings): Promise<GrpoStats>;
  step(batch: BatchLoss, optimizer: OptimizerSettings): Promise<SftStats | GrpoStats> {
    return this.#next(async () => {
      const { stats, gradient } = await this.#gradient(batch);
      try {
        if (!Number.isFinite(stats.loss) || !Number.isFinite(stats.gradNorm)) {
          throw nonFiniteLoss(stats.loss, stats.gradNorm);
        }
        this.#replace(adamw(this.#trained, gradient, stats.gradNorm, this.#decayed, optimizer));
        return stats;
      } finally {
        gradient.dispose();
      }
    });
  }

  gradients(
    batch: BatchLoss,
  ): Promise<{ readonly stats: SftStats | GrpoStats; readonly gradients: NamedTensors }> {
    return this.#next(async () => {
      const { stats, gradient } = await this.#gradient(batch);
      try {
        return { stats, gradients: await this.#named(gradient) };
      } finally {
        gradient.dispose();
      }
    });
  }

  snapshot(tensors?: NamedTensors): Promise<WeightSnapshot> {
    return this.#next(() =>
      this.#snapshots.add(
        tensors ? tf.tensor1d(flattenTensors(this.#layout, tensors)) : tf.clone(this.#trained.flat),
      ),
    );
  }

  logProbs(
    sequences: readonly Pick<SftSequence, 'tokens'>[],
    temperature: number,
    snapshot?: WeightSnapshot,
  ): Promise<readonly SequenceLogProbs[]> {
    return this.#next(async () => {
      const flat = snapshot === undefined ? this.#trained.flat : this.#snapshots.weightsOf(snapshot);
      const results: SequenceLogProbs[] = [];
      for (const micro of microBatches(sequences, this.#limits.cells)) {
        const [logProbs, entropies] = await read(() => {
          const logits = this.#logits(cut(this.#layout, flat), micro);
          const predicted = predictions(logits, micro.targets, temperature === 0 ? 1 : temperature);
          return [predicted.logProbs, predicted.entropies];
        });
        micro.members.forEach((member, row) => {
          const { length } = sequences[member]!.tokens;
          const ofTokens = (cells: Float32Array) => {
            const numbers = new Float32Array(length); // cell t is of token t + 1
            numbers.set(cells.subarray(row * micro.time, row * micro.time + length - 1), 1);
            return numbers;
          };
          results.push({ logProbs: ofTokens(logProbs!), entropies: ofTokens(entropies!) });
        });
      }
      return results;
    });
  }

  logits(tokens: Int32Array): Promise<Float32Array> {
    return this.#next(async () => {
      const [micro] = microBatches([{ tokens }], this.#limits.cells);
      const [logits] = await read(() => [this.#logits(cut(this.#layout, this.#trained.flat), micro!)]);
      return logits!.slice(0, tokens.length * this.config.vocabularySize);
    });
  }

  startRollout(options: RolloutOptions): RolloutSession {
    const { config } = this;
    const numbersPerRow = 2 * config.layers * config.kvHeads * config.headDim * options.context;
    const maxRows = Math.max(1, Math.floor(this.#limits.cacheNumbers / numbersPerRow));
    const weights = keptCut(this.#layout, this.#trained.flat);
    return new TfjsRolloutSession(config, weights, options, maxRows, () => this.#activate());
  }

  dispose(): void {
    this.#snapshots.dispose();
    tf.dispose([this.#decayed, this.#trained.flat, this.#trained.m, this.#trained.v]);
  }

  /** Run `work` after everything asked for before it, on this engine's backend. */
  #next<T>(work: () => T | Promise<T>): Promise<T> {
    const result = this.#tail.then(async () => {
      await this.#activate();
      return work();
    });
    this.#tail = result.catch(() => undefined);
    return result;
  }

  #activate(): Promise<void> {
    return useBackend(this.#backend.name);
  }

  /** Dispose of every trained tensor that `next` does not go on with. */
  #replace(next: Trained): void {
    const { flat, m, v } = this.#trained;
    const kept: tf.Tensor[] = [next.flat, next.m, next.v];
    tf.dispose([flat, m, v].filter((tensor) => !kept.includes(tensor)));
    this.#trained = next;
  }

  #noMoments(): Omit<Trained, 'flat'> {
    const { size } = this.#layout;
    return { m: tf.zeros([size]), v: tf.zeros([size]), step: 0 };
  }

  async #named(flat: tf.Tensor): Promise<NamedTensors> {
    return namedTensors(this.#layout, this.config, await flat.data<'float32'>());
  }

  #logits(weights: Weights, micro: MicroBatch): tf.Tensor {
    return forward(this.config, weights, micro, causalMask(micro.time));
  }

  /** The whole batch's statistics and gradient, which the caller disposes. // gradient [parameters] */
  async #gradient(batch: BatchLoss): Promise<{ stats: SftStats | GrpoStats; gradient: tf.Tensor }> {
    const tokens = countMasked(batch);
    const micros = microBatches(batch.sequences, this.#limits.cells);
    const [gradient, squares, ...sums] = tf.tidy(() => {
      const sums: tf.Tensor[] = [];
      let gradient: tf.Tensor = tf.zeros([this.#layout.size]);
      for (const micro of micros) {
        const before = gradient;
        gradient = tf.tidy(() => tf.add(before, this.#microGradient(batch, micro, tokens, sums)));
        before.dispose();
      }
      return [gradient, squaredNorm(gradient), ...sums];
    });
    try {
      const [squared, ...parts] = await read(() => [squares, ...sums]);
      return { stats: batchStats(batch, tokens, parts, Math.sqrt(squared![0]!)), gradient: gradient };
    } catch (error) {
      gradient.dispose();
      throw error;
    }
  }

  /** @param sums receives the micro-batch's, kept */
  #microGradient(batch: BatchLoss, micro: MicroBatch, tokens: number, sums: tf.Tensor[]): tf.Tensor {
    return tf.grad((flat) => {
      const parts = microLoss(this.#logits(cut(this.#layout, flat), micro), batch, micro, tokens);
      sums.push(tf.keep(parts.sums));
      return parts.loss;
    })(this.#trained.flat);
  }
}

/** Compute tensors and read them; nothing of them stays. */
async function read(compute: () => tf.Tensor[]): Promise<Float32Array[]> {
  const tensors = tf.tidy(compute);
  try {
    return await Promise.all(tensors.map((tensor) => tensor.data<'float32'>()));
  } finally {
    tf.dispose(tensors);
  }
}
