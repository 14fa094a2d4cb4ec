/**
 * A rollout session: many sequences generated at once, each at its own pace (the contract is `RolloutSession` in engine.ts).
 *
 * A step feeds one known token to every running sequence and, where that was its last known token, samples the next. Prompts and
 * forced tool output take the same path. The cache has a row a sequence; a sequence that waits for its caller costs a row of junk,
 * and rows of sequences that are over are dropped when enough of them are and new requests take their place.
 * Invariant: what a sequence becomes depends on its prompt, the seed, its id, and what was forced, not on its neighbours
 * (the conformance suite compares).
 */
import * as tf from '@tensorflow/tfjs';
import { sampleToken, uniformAt } from '../../policy/sampling.ts';
import type { RolloutEvent, RolloutOptions, RolloutRequest, RolloutSession } from '../engine.ts';
import { RolloutSequences, type SequenceState } from '../rolloutSequences.ts';
import { bucketRows } from './batching.ts';
import type { Decoder } from './decoder.ts';
import { disposeKeyValues } from './keyValueCache.ts';
import type { Prefill } from './prefill.ts';
import type { CacheSource, RolloutCache } from './rolloutCache.ts';

/** A sequence, and how many of its tokens have their keys in the cache: tokens[fed] is fed next. */
type Row = SequenceState & { fed: number };

export interface RolloutDevice {
  readonly decoder: Decoder;
  readonly cache: RolloutCache;
  readonly prefill: Prefill;
  /** Most rows that the cache may hold. */
  readonly maxRows: number;
  readonly vocabularySize: number;
  /** Make this engine's backend the current one. */
  readonly activate: () => Promise<void>;
}

/** Without `maxTokens`, hand back after this many steps if there is anything to report. */
const CHUNK = 16;

export class TfjsRolloutSession implements RolloutSession {
  readonly #device: RolloutDevice;
  readonly #options: RolloutOptions;
  readonly #sequences: RolloutSequences<{ fed: number }>;
  #rows: (Row | null)[] = []; // the cache's rows; null is padding

  constructor(device: RolloutDevice, options: RolloutOptions) {
    this.#device = device;
    this.#options = options;
    this.#sequences = new RolloutSequences(options, device.vocabularySize, () => ({ fed: 0 }));
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
      await this.#device.activate();
      for (let steps = 0; steps < (maxTokens ?? Infinity); steps++) {
        if (maxTokens === undefined && this.#worthReporting(steps)) break;
        this.#arrangeRows();
        if (!this.#rows.some((row) => row?.state === 'running')) break;
        await this.#step();
      }
    });
  }

  dispose(): void {
    if (!this.#sequences.close()) return;
    this.#device.cache.dispose();
    this.#device.decoder.dispose();
    this.#device.prefill.dispose();
  }

  /** Enough sequences wait that their caller should hear of it, or a chunk is over and something happened. */
  #worthReporting(steps: number): boolean {
    if (this.#sequences.unreported === 0) return false;
    if (steps >= CHUNK) return true;
    const waiting = this.#rows.filter((row) => row?.state === 'waiting').length;
    const running = this.#rows.filter((row) => row?.state === 'running').length;
    return waiting > 0 && waiting * 3 >= running + this.#sequences.queued;
  }

  /** Drop rows that are done, let queued ones in, and squeeze out unused slots, when that pays for the copy. */
  #arrangeRows(): void {
    const { cache, maxRows } = this.#device;
    const live = this.#rows.flatMap((row, r) => (row && row.state !== 'done' ? [{ row, r }] : []));
    const room = maxRows - live.length;
    const admits = Math.min(room, this.#sequences.queued);
    const admitting = admits > 0 && (admits >= maxRows / 8 || admits === this.#sequences.queued);
    const rowsWanted = bucketRows(live.length + (admitting ? admits : 0));
    const longest = live.reduce((most, { row }) => Math.max(most, row.fed), 0);
    const shrinks = rowsWanted <= 0.7 * this.#rows.length;
    const sparse = cache.slots > 1.5 * longest + 32;
    if (live.length > 0 && !admitting && !shrinks && !sparse) return;
    if (live.length === 0 && !admitting) {
      this.#rows = [];
      return;
    }
    const admitted = admitting ? this.#sequences.admit(admits) : [];
    const { prefilled, rowOf } = this.#device.prefill.run(admitted.map((row) => row.tokens));
    const sources: CacheSource[] = live.map(({ r }) => ({ from: 'cache', row: r }));
    admitted.forEach((row, i) => {
      row.fed = row.tokens.length - 1; // the last token of the prompt is fed by the first step, for its logits
      sources.push({ from: 'prefill', row: rowOf[i]!, length: row.fed });
    });
    const rows: (Row | null)[] = [...live.map(({ row }) => row), ...admitted];
    while (rows.length < rowsWanted) {
      rows.push(null);
      sources.push({ from: 'nothing' });
    }
    cache.rebuild(sources, prefilled);
    prefilled?.layers.forEach(disposeKeyValues);
    this.#rows = rows;
  }

  async #step(): Promise<void> {
    const rows = this.#rows;
    const tokens = new Int32Array(rows.length);
    const positions = new Int32Array(rows.length);
    const running = rows.map((row) => row?.state === 'running');
    let samples = false;
    rows.forEach((row, r) => {
      if (row?.state !== 'running') return;
      tokens[r] = row.tokens[row.fed]!;
      positions[r] = row.fed;
      row.fed++;
      samples ||= row.fed === row.tokens.length;
    });
    const { decoder, cache } = this.#device;
    const [logits] = tf.tidy(() => decoder.step(cache, tokens, positions, running, samples));
    if (!logits) return;
    const numbers = (await logits.data()) as Float32Array; // [rows, vocabulary]
    logits.dispose();
    rows.forEach((row, r) => {
      if (row && running[r] && row.fed === row.tokens.length) this.#sample(row, numbers, r);
    });
  }

  #sample(row: Row, logits: Float32Array, r: number): void {
    const { sampling, seed } = this.#options;
    const { vocabularySize } = this.#device;
    const uniform = uniformAt(seed, row.id, row.tokens.length);
    const { token, logProb } = sampleToken(logits, r * vocabularySize, vocabularySize, sampling, uniform);
    this.#sequences.appendSampled(row, token, logProb);
  }
}
