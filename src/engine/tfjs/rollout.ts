/**
 * A rollout session: many sequences generated at once, each at its own pace (the contract is `RolloutSession` in engine.ts).
 *
 * A step feeds one known token to every running sequence and, where that was its last known token, samples the next; prompts and
 * forced tool output take the same path. The cache has a row a sequence and a slot a position. A sequence that waits for its
 * caller costs a row of junk that writes nothing.
 * Invariant: what a sequence becomes depends on its prompt, the seed, its id, and what was forced, not on its neighbours
 * (the conformance suite compares).
 */
import * as tf from '@tensorflow/tfjs';
import type { PolicyConfig } from '../../policy/config.ts';
import { sampleToken, uniformAt } from '../../policy/sampling.ts';
import type { RolloutEvent, RolloutOptions, RolloutRequest, RolloutSession } from '../engine.ts';
import { RolloutSequences, type SequenceState } from '../rolloutSequences.ts';
import type { KeyValues, Weights } from './model.ts';
import { forward } from './model.ts';
import { MASKED, oneHot } from './ops.ts';

/** A sequence, and how many of its tokens have their keys in the cache: tokens[fed] is fed next. */
type Row = SequenceState & { fed: number };

/** Without `maxTokens`, hand back after this many steps if there is anything to report. */
const CHUNK = 16;

export class TfjsRolloutSession implements RolloutSession {
  readonly #config: PolicyConfig;
  readonly #weights: Weights;
  readonly #options: RolloutOptions;
  readonly #maxRows: number;
  readonly #activate: () => Promise<void>;
  readonly #sequences: RolloutSequences<{ fed: number }>;
  #rows: Row[] = [];
  /** One a layer; slots are positions, those not yet written are 0. // each [rows, kvHeads, context, headDim] */
  #cache: KeyValues[] = [];

  /**
   * @param weights the session's own, disposed with it
   * @param maxRows sequences generated at once
   * @param activate makes this engine's backend the current one
   */
  constructor(
    config: PolicyConfig,
    weights: Weights,
    options: RolloutOptions,
    maxRows: number,
    activate: () => Promise<void>,
  ) {
    this.#config = config;
    this.#weights = weights;
    this.#options = options;
    this.#maxRows = maxRows;
    this.#activate = activate;
    this.#sequences = new RolloutSequences(options, config.vocabularySize, () => ({ fed: 0 }));
  }

  get live(): number {
    return this.#sequences.live;
  }

  add(requests: readonly RolloutRequest[]): void {
    this.#sequences.add(requests);
  }

  force(id: number, tokens: readonly number[]): void {
    this.#sequences.force(id, tokens);
  }

  finish(id: number): void {
    this.#sequences.finish(id);
  }

  advance(maxTokens?: number): Promise<readonly RolloutEvent[]> {
    return this.#sequences.advance(async () => {
      await this.#activate();
      for (let steps = 0; steps < (maxTokens ?? Infinity); steps++) {
        if (maxTokens === undefined && steps >= CHUNK && this.#sequences.unreported > 0) break;
        this.#arrangeRows();
        if (!this.#rows.some(isRunning)) break;
        await this.#step();
      }
    });
  }

  dispose(): void {
    if (!this.#sequences.close()) return;
    tf.dispose([...this.#weights.values()]);
    this.#disposeCache();
  }

  /** Let queued sequences in, and drop rows that are done when that halves the cache. */
  #arrangeRows(): void {
    const kept = this.#rows.flatMap((row, r) => (row.state === 'done' ? [] : [r]));
    const admitted = this.#sequences.admit(this.#maxRows - kept.length);
    if (admitted.length === 0 && kept.length > this.#rows.length / 2) return;
    const { layers, kvHeads, headDim } = this.#config;
    const zeros = () => tf.zeros([admitted.length, kvHeads, this.#options.context, headDim]);
    const arranged = (x: tf.Tensor | undefined) =>
      tf.tidy(() =>
        x && kept.length > 0 ? tf.concat([tf.gather(x, tf.tensor1d(kept, 'int32')), zeros()]) : zeros(),
      );
    const count = kept.length + admitted.length === 0 ? 0 : layers;
    const cache = Array.from({ length: count }, (_, layer) => ({
      keys: arranged(this.#cache[layer]?.keys),
      values: arranged(this.#cache[layer]?.values),
    }));
    this.#disposeCache();
    this.#cache = cache;
    this.#rows = [...kept.map((r) => this.#rows[r]!), ...admitted];
  }

  #disposeCache(): void {
    for (const { keys, values } of this.#cache) tf.dispose([keys, values]);
    this.#cache = [];
  }

  async #step(): Promise<void> {
    const rows = this.#rows;
    const running = rows.map(isRunning);
    const tokens = Int32Array.from(rows, (row, r) => (running[r] ? row.tokens[row.fed]! : 0));
    const positions = Int32Array.from(rows, (row, r) => (running[r] ? row.fed : -1));
    const logits = tf.tidy(() => this.#forward(tokens, positions));
    let numbers: Float32Array; // [rows, vocabulary]
    try {
      numbers = await logits.data<'float32'>();
    } finally {
      logits.dispose();
    }
    rows.forEach((row, r) => {
      if (!running[r]) return;
      row.fed++;
      if (row.fed === row.tokens.length) this.#sample(row, numbers, r);
    });
  }

  /** @param positions below 0 where a row feeds nothing // [rows] */
  #forward(tokens: Int32Array, positions: Int32Array): tf.Tensor {
    const { context } = this.#options;
    const rows = tokens.length;
    const here = tf.reshape(oneHot(positions, context), [rows, 1, context, 1]);
    const later = new Float32Array(rows * context);
    positions.forEach((position, row) =>
      later.fill(MASKED, row * context + position + 1, (row + 1) * context),
    );
    const mask = tf.tensor(later, [rows, 1, 1, context]);
    const written = (old: tf.Tensor, x: tf.Tensor) => tf.keep(tf.add(old, tf.mul(x, here)));
    const cells = { rows, time: 1, tokens, positions };
    return forward(this.#config, this.#weights, cells, mask, (layer, { keys, values }) => {
      const old = this.#cache[layer]!;
      this.#cache[layer] = { keys: written(old.keys, keys), values: written(old.values, values) };
      tf.dispose([old.keys, old.values]);
      return this.#cache[layer];
    });
  }

  #sample(row: Row, logits: Float32Array, r: number): void {
    const { sampling, seed } = this.#options;
    const { vocabularySize } = this.#config;
    const uniform = uniformAt(seed, row.id, row.tokens.length);
    const { token, logProb } = sampleToken(logits, r * vocabularySize, vocabularySize, sampling, uniform);
    this.#sequences.appendSampled(row, token, logProb);
  }
}

const isRunning = (row: Row) => row.state === 'running';
