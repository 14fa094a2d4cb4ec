/**
 * The portable PolicyEngine: the policy in a page of TensorFlow.js ops, on WebGPU, WebAssembly, WebGL or plain JavaScript.
 *
 * It is the oracle that the hand-written kernels are checked against, the fallback where there is no WebGPU, and
 * the peer the kernels are timed against. Invariants. (1) After any method, resolved or rejected, tfjs holds exactly the tensors of the
 * weights, the optimizer, snapshots and open rollout sessions. (2) A step whose loss or gradient norm is not finite leaves
 * weights and moments untouched. (3) Same seed and same backend: same numbers; no op with an unordered reduction is used.
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
import { NonFiniteLossError } from '../engine.ts';
import { WeightSnapshots } from '../weightSnapshots.ts';
import { Parameters } from './adamw.ts';
import type { BackendOptions, StartedBackend } from './backend.ts';
import { startBackend, useBackend } from './backend.ts';
import type { PackingLimits } from './batching.ts';
import { bucketTime } from './batching.ts';
import { Decoder } from './decoder.ts';
import { HostKeyValueCache } from './hostKeyValueCache.ts';
import { KeyValueCache } from './keyValueCache.ts';
import type { ModelConstants } from './model.ts';
import { disposeConstants, Model, modelConstants } from './model.ts';
import type { ParameterLayout } from './parameters.ts';
import { flatten, parameterLayout, unflatten } from './parameters.ts';
import { Prefill } from './prefill.ts';
import { TfjsRolloutSession } from './rollout.ts';
import { batchGradient, sequenceLogProbs } from './training.ts';

export interface TfjsEngineOptions extends BackendOptions {
  readonly config: PolicyConfig;
  readonly limits?: Partial<TfjsEngineLimits>;
  /** Attention and the rollout cache in plain loops; by default where the CPU computes. Tests turn it off to cover the GPUs' path. */
  readonly attentionOnHost?: boolean;
}

/** What bounds memory; results do not depend on it beyond float32 rounding. */
export interface TfjsEngineLimits extends PackingLimits {
  /** Numbers in a rollout's key/value cache: how many sequences are generated at once follows. */
  readonly cacheNumbers: number;
}

const defaultLimits: TfjsEngineLimits = {
  tokens: 8192,
  attentionScores: 4_000_000,
  cacheNumbers: 48_000_000,
};

/** Start a backend and an engine on it. The weights are zero until `loadTensors`. */
export async function createTfjsEngine(options: TfjsEngineOptions): Promise<PolicyEngine> {
  const { backend, description } = await startBackend(options);
  const onHost = options.attentionOnHost ?? (backend.name === 'wasm' || backend.name === 'cpu');
  return new TfjsEngine(
    options.config,
    backend,
    description,
    { ...defaultLimits, ...options.limits },
    onHost,
  );
}

class TfjsEngine implements PolicyEngine {
  readonly config: PolicyConfig;
  readonly description: EngineDescription;
  readonly #backend: StartedBackend;
  readonly #limits: TfjsEngineLimits;
  readonly #onHost: boolean;
  readonly #layout: ParameterLayout;
  readonly #parameters: Parameters;
  readonly #snapshots = new WeightSnapshots<readonly tf.Tensor[]>((weights) => tf.dispose([...weights]));
  readonly #outgrown: ModelConstants[] = [];
  #constants: ModelConstants;
  #model: Model;

  constructor(
    config: PolicyConfig,
    backend: StartedBackend,
    description: EngineDescription,
    limits: TfjsEngineLimits,
    onHost: boolean,
  ) {
    this.config = config;
    this.description = description;
    this.#backend = backend;
    this.#limits = limits;
    this.#onHost = onHost;
    this.#layout = parameterLayout(config);
    this.#parameters = new Parameters(this.#layout);
    this.#constants = modelConstants(config, 256);
    this.#model = new Model(config, this.#layout, this.#constants, onHost);
  }

  get lost(): Promise<string> {
    return this.#backend.lost;
  }

  async loadTensors(tensors: NamedTensors): Promise<void> {
    await this.#activate();
    this.#parameters.load(flatten(this.#layout, tensors));
  }

  async readTensors(): Promise<NamedTensors> {
    await this.#activate();
    return this.#named(this.#parameters.flat);
  }

  resetOptimizer(): void {
    this.#parameters.resetOptimizer();
  }

  async readOptimizer(): Promise<OptimizerState> {
    await this.#activate();
    const { step, m, v } = this.#parameters.optimizer;
    return { step, m: await this.#named(m), v: await this.#named(v) };
  }

  async loadOptimizer(state: OptimizerState): Promise<void> {
    await this.#activate();
    this.#parameters.loadOptimizer(
      state.step,
      flatten(this.#layout, state.m),
      flatten(this.#layout, state.v),
    );
  }

  step(batch: Extract<BatchLoss, { kind: 'sft' }>, optimizer: OptimizerSettings): Promise<SftStats>;
  step(batch: Extract<BatchLoss, { kind: 'grpo' }>, optimizer: OptimizerSettings): Promise<GrpoStats>;
  async step(batch: BatchLoss, optimizer: OptimizerSettings): Promise<SftStats | GrpoStats> {
    const { stats, gradient } = await this.#gradient(batch);
    try {
      if (!Number.isFinite(stats.loss) || !Number.isFinite(stats.gradNorm)) {
        throw new NonFiniteLossError(
          `The loss is ${stats.loss} and the gradient norm ${stats.gradNorm}; the weights were left as they were.`,
        );
      }
      this.#parameters.apply(gradient, stats.gradNorm, optimizer);
      return stats;
    } finally {
      gradient.dispose();
    }
  }

  async gradients(
    batch: BatchLoss,
  ): Promise<{ readonly stats: SftStats | GrpoStats; readonly gradients: NamedTensors }> {
    const { stats, gradient } = await this.#gradient(batch);
    const gradients = await this.#named(gradient);
    gradient.dispose();
    return { stats, gradients };
  }

  async snapshot(tensors?: NamedTensors): Promise<WeightSnapshot> {
    await this.#activate();
    return this.#snapshots.add(this.#parameters.frozen(tensors && flatten(this.#layout, tensors)));
  }

  async logProbs(
    sequences: readonly Pick<SftSequence, 'tokens'>[],
    temperature: number,
    snapshot?: WeightSnapshot,
  ): Promise<readonly SequenceLogProbs[]> {
    await this.#activate();
    const weights = snapshot === undefined ? this.#parameters.weights : this.#snapshots.weightsOf(snapshot);
    this.#coverPositions(sequences);
    const greedyIsOne = temperature === 0 ? 1 : temperature;
    return sequenceLogProbs(this.#model, weights, sequences, greedyIsOne, this.config.heads, this.#limits);
  }

  async logits(tokens: Int32Array): Promise<Float32Array> {
    await this.#activate();
    if (tokens.length === 0) return new Float32Array();
    const time = bucketTime(tokens.length);
    this.#coverPositions([{ tokens }]);
    const padded = new Int32Array(time);
    padded.set(tokens);
    const logits = tf.tidy(() =>
      this.#model.logits(this.#parameters.weights, { tokens: tf.tensor1d(padded, 'int32'), rows: 1, time }),
    );
    const numbers = (await logits.data()) as Float32Array;
    logits.dispose();
    return numbers.slice(0, tokens.length * this.config.vocabularySize);
  }

  startRollout(options: RolloutOptions): RolloutSession {
    const { config } = this;
    if (!(options.context >= 1)) throw new Error('A rollout needs a context of at least one token.');
    this.#coverTime(bucketTime(options.context));
    const numbersPerRow = 2 * config.layers * config.kvHeads * config.headDim * options.context;
    const { weights } = this.#parameters;
    return new TfjsRolloutSession(
      {
        decoder: new Decoder(config, this.#layout, this.#constants, weights, options.context),
        cache: this.#onHost
          ? new HostKeyValueCache(config.layers, config.kvHeads, config.headDim, options.context)
          : new KeyValueCache(config.layers, config.kvHeads, config.headDim),
        prefill: new Prefill(this.#model, weights, config.heads, this.#limits),
        maxRows: Math.max(1, Math.min(1024, Math.floor(this.#limits.cacheNumbers / numbersPerRow))),
        vocabularySize: config.vocabularySize,
        activate: () => this.#activate(),
      },
      options,
    );
  }

  dispose(): void {
    this.#snapshots.dispose();
    this.#parameters.dispose();
    for (const constants of [this.#constants, ...this.#outgrown]) disposeConstants(constants);
  }

  #activate(): Promise<void> {
    return useBackend(this.#backend.name);
  }

  async #gradient(batch: BatchLoss) {
    await this.#activate();
    this.#coverPositions(batch.sequences);
    const { weights } = this.#parameters;
    return batchGradient(this.#model, weights, batch, this.config.heads, this.#limits);
  }

  async #named(flat: tf.Tensor): Promise<NamedTensors> {
    return unflatten(this.#layout, this.config, (await flat.data()) as Float32Array);
  }

  #coverPositions(sequences: readonly { readonly tokens: Int32Array }[]): void {
    this.#coverTime(bucketTime(sequences.reduce((most, { tokens }) => Math.max(most, tokens.length), 1)));
  }

  /** Grow RoPE's tables to this many positions. */
  #coverTime(positions: number): void {
    if (positions <= this.#constants.positions) return;
    this.#outgrown.push(this.#constants); // an open rollout may still use them
    this.#constants = modelConstants(this.config, positions);
    this.#model = new Model(this.config, this.#layout, this.#constants, this.#onHost);
  }
}
