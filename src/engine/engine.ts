/**
 * PolicyEngine: the one interface between the recipe and whatever computes.
 *
 * Tokens are truth: a sequence enters training exactly as it left the sampler, mask and
 * log-probabilities beside it. An engine owns packing, padding, micro-batches and its device; callers pass lists
 * of sequences and get numbers. Losses are token means over the *whole* batch handed in, however it is split
 * (DAPO's token-level loss; the paper's "token-mean over all generated tokens").
 */
import type { NamedTensors, PolicyConfig } from '../policy/config.ts';
import type { SamplingSettings } from '../policy/sampling.ts';

/** What runs, where, and why: shown in the page and written into every export. */
export interface EngineDescription {
  readonly engine: 'tfjs' | 'wgsl' | 'simd';
  /** tfjs's backend, `webgpu` for our kernels in WGSL, `wasm` for those in WebAssembly SIMD. */
  readonly backend: 'webgpu' | 'webgl' | 'wasm' | 'cpu';
  /** The adapter as the browser names it (vendor, architecture), or the CPU path's name. */
  readonly adapter: string;
  /**
   * No graphics card computes, the processor does: an imitated GPU (SwiftShader, llvmpipe, WARP), WebAssembly or JavaScript.
   * Whoever asks how fast an engine may be expected to be reads this and not the adapter's name.
   */
  readonly isSoftware: boolean;
  /** Threads that compute together, where the engine says. They change nothing but the time a run takes. */
  readonly threads?: number | undefined;
  /** Which build of its kernels runs, where there are several. Numbers agree between builds only to rounding. */
  readonly build?: 'plain' | 'relaxed' | undefined;
  /** For people, in sentences: why this engine was chosen, and what keeps it from being faster. */
  readonly reason: string;
}

/** A part of what the engine keeps in graphics memory. */
export interface MemoryPart {
  readonly name: string;
  readonly bytes: number;
}

/** A sequence to learn from. Position 0 has no prediction, so its mask is always 0. */
export interface SftSequence {
  readonly tokens: Int32Array; // [tokens]
  readonly lossMask: Uint8Array; // [tokens], 1 = the policy is to produce (or did sample) this token
}

export interface GrpoSequence extends SftSequence {
  readonly advantage: number;
  /** log-probability of each token under the policy at the start of this batch's updates. // [tokens] */
  readonly oldLogProbs: Float32Array;
  /** log-probability the sampler itself reported; differs from `oldLogProbs` only by numerics. // [tokens] */
  readonly samplerLogProbs: Float32Array;
}

/** The clipped, token-mean GRPO objective with dual clip and truncated importance sampling. */
export interface GrpoObjective {
  readonly clipLow: number; // ratio >= 1 - clipLow
  readonly clipHigh: number; // ratio <= 1 + clipHigh
  readonly dualClip: number; // for A < 0 the objective is at least dualClip * A
  readonly tisCap: number; // weight = min(exp(old - sampler), tisCap)
  readonly entropyCoefficient: number; // 0 in the paper
  /** Coefficient of the k3 estimate of KL(policy || old policy at `referenceLogProbs`); 0 in the paper. */
  readonly klCoefficient: number;
  /** The policy's log-probabilities are taken at this temperature, the one that sampled. */
  readonly temperature: number;
}

export interface OptimizerSettings {
  readonly learningRate: number; // after warm-up and decay: the caller owns the schedule
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number; // on matrices only (`isDecayed`)
  readonly maxGradNorm: number; // global norm, clipped with torch's + 1e-6
}

export interface SftStats {
  readonly loss: number; // nats per token, before the step
  readonly gradNorm: number; // before clipping
  readonly tokens: number; // masked-in tokens
}

export interface GrpoStats extends SftStats {
  readonly entropy: number; // nats, mean over masked-in tokens
  readonly clipLowFraction: number; // A < 0 and ratio < 1 - clipLow
  readonly clipHighFraction: number; // A > 0 and ratio > 1 + clipHigh
  readonly dualClipFraction: number; // A < 0 and ratio > dualClip
  readonly klToReference: number; // k3, nats; 0 when klCoefficient is 0
}

/** Log-probability and entropy of every token given the ones before it; 0 at position 0. */
export interface SequenceLogProbs {
  readonly logProbs: Float32Array; // [tokens]
  readonly entropies: Float32Array; // [tokens], nats
}

export type BatchLoss =
  | { readonly kind: 'sft'; readonly sequences: readonly SftSequence[] }
  | {
      readonly kind: 'grpo';
      readonly sequences: readonly GrpoSequence[];
      readonly objective: GrpoObjective;
      /** One row per sequence, needed only when klCoefficient > 0. // [sequences][tokens] */
      readonly referenceLogProbs?: readonly Float32Array[];
    };

/** AdamW's memory: enough, with the weights, to go on exactly where a run stopped. */
export interface OptimizerState {
  readonly step: number;
  readonly m: NamedTensors;
  readonly v: NamedTensors;
}

export interface RolloutOptions {
  readonly sampling: SamplingSettings;
  readonly seed: number; // 32-bit; see `uniformAt`
  readonly context: number; // longest sequence, prompt and tool output included
  /** Sampling one of these hands the turn back: the sequence waits for `force` or `finish`. */
  readonly turnEndTokens: readonly number[];
  /** Sampling one of these ends the sequence. */
  readonly endTokens: readonly number[];
}

export interface RolloutRequest {
  /** Unique in the session; it also selects the sequence's random numbers. */
  readonly id: number;
  readonly prompt: readonly number[];
}

/** Everything the sampler knows about one sequence. */
export interface RolloutSequence {
  readonly id: number;
  readonly tokens: Int32Array; // [tokens]
  readonly lossMask: Uint8Array; // [tokens], 1 sampled, 0 forced
  readonly logProbs: Float32Array; // [tokens], 0 where forced
}

export type RolloutEvent =
  /** A turn-end token was sampled; the sequence idles until `force` or `finish`. `sequence` is a snapshot. */
  | { readonly type: 'turn'; readonly sequence: RolloutSequence }
  /** Over: an end token, or the context is full (also when forced tokens would overflow it), or `finish` was called. */
  | {
      readonly type: 'finished';
      readonly reason: 'end' | 'context' | 'stopped';
      readonly sequence: RolloutSequence;
    };

/** Generates for many sequences at once. Sequences may be added at any time; each is reported `finished` exactly once. */
export interface RolloutSession {
  add(requests: readonly RolloutRequest[]): void;
  /**
   * Advance by one chunk (at most `maxTokens` tokens a sequence, default: the engine's choice) and report what happened.
   * Resolves with an empty list when nothing can move because every sequence waits for its caller.
   */
  advance(maxTokens?: number): Promise<readonly RolloutEvent[]>;
  /** Append tool output to a waiting sequence. Never enters the loss. Overflowing the context finishes the sequence. */
  force(id: number, tokens: readonly number[]): void;
  /** End a waiting sequence where it stands (`stopped` on the next `advance`), e.g. when its call budget is spent. */
  finish(id: number): void;
  /** Sequences not yet finished. */
  readonly live: number;
  dispose(): void;
}

/** The weights of one moment, kept beside the engine's own: training does not move them. */
export interface WeightSnapshot {
  dispose(): void;
}

export interface PolicyEngine {
  readonly description: EngineDescription;
  readonly config: PolicyConfig;

  /** Replace the weights and forget the optimizer's memory. Names and shapes must be `tensorShapes(config)`'s. */
  loadTensors(tensors: NamedTensors): Promise<void>;
  readTensors(): Promise<NamedTensors>;

  /** Forget AdamW's moments and step count, as at the start of each training phase. */
  resetOptimizer(): void;
  readOptimizer(): Promise<OptimizerState>;
  loadOptimizer(state: OptimizerState): Promise<void>;

  /**
   * One AdamW step on the loss of the batch. Rejects with `NonFiniteLossError`, weights and moments untouched, if the loss or the gradient
   * norm is not finite. May be called again before it has resolved: steps are taken in the order of the calls, each on the weights that
   * the one before it left, and every other call sees the weights after all of them.
   */
  step(batch: Extract<BatchLoss, { kind: 'sft' }>, optimizer: OptimizerSettings): Promise<SftStats>;
  step(batch: Extract<BatchLoss, { kind: 'grpo' }>, optimizer: OptimizerSettings): Promise<GrpoStats>;

  /** The same loss and its gradients, without a step: what the oracle tests read. */
  gradients(
    batch: BatchLoss,
  ): Promise<{ readonly stats: SftStats | GrpoStats; readonly gradients: NamedTensors }>;

  /**
   * Keep the present weights, or with `tensors` those instead (names and shapes as for `loadTensors`), for `logProbs` to be asked
   * of later: the frozen reference of a KL penalty. Costs the memory of one set of weights until it is disposed of.
   */
  snapshot(tensors?: NamedTensors): Promise<WeightSnapshot>;

  /**
   * Log-probabilities under the engine's weights, or under those of `snapshot`. At temperature 0 those of temperature 1.
   * Rejects with a sentence if the snapshot was disposed of or is another engine's.
   */
  logProbs(
    sequences: readonly Pick<SftSequence, 'tokens'>[],
    temperature: number,
    snapshot?: WeightSnapshot,
  ): Promise<readonly SequenceLogProbs[]>;
  /** Raw logits of one sequence, for tests and the inspector. // [tokens, vocabulary] */
  logits(tokens: Int32Array): Promise<Float32Array>;

  startRollout(options: RolloutOptions): RolloutSession;

  /**
   * Work on so many threads from the next call on, where the engine has threads: at most those that it was made with. No number depends
   * on it; `description` says what it came to.
   */
  useThreads?(threads: number): Promise<void>;

  /** Resolves with a sentence for people if the device is lost; never rejects. */
  readonly lost: Promise<string>;
  dispose(): void;
}

/** The loss or the gradient norm was NaN or infinite; the optimizer did not step. */
export class NonFiniteLossError extends Error {
  override readonly name = 'NonFiniteLossError';
}
