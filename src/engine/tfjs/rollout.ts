/**
 * A rollout session: many sequences generated at once, each at its own pace (the contract is `RolloutSession` in engine.ts).
 *
 * Every sequence is a row with a state; a step feeds one known token to every moving row and, where that was the row's
 * last known token, samples the next. Prompts and forced tool output take the same path, so the mask (1 sampled, 0 forced) is
 * written where the token is. Rows that wait for their caller cost a row of junk; rows that are done are dropped
 * when enough of them are, and new requests take their place.
 * Invariant: what a sequence becomes depends on its prompt, the seed, its id, and what was forced, not on its neighbours.
 */
import * as tf from '@tensorflow/tfjs-core';
import { sampleToken, uniformAt } from '../../policy/sampling.ts';
import type {
  RolloutEvent,
  RolloutOptions,
  RolloutRequest,
  RolloutSequence,
  RolloutSession,
} from '../engine.ts';
import { bucketRows } from './batching.ts';
import type { Decoder } from './decoder.ts';
import { disposeKeyValues } from './keyValueCache.ts';
import type { Prefill } from './prefill.ts';
import type { CacheSource, RolloutCache } from './rolloutCache.ts';

interface Row {
  readonly id: number;
  readonly tokens: number[];
  readonly lossMask: number[];
  readonly logProbs: number[];
  /** Tokens whose keys are in the cache; tokens[fed] is fed next. */
  fed: number;
  state: 'moving' | 'waiting' | 'done';
}

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
  readonly #turnEnds: ReadonlySet<number>;
  readonly #ends: ReadonlySet<number>;
  readonly #byId = new Map<number, Row>();
  readonly #queue: Row[] = [];
  #rows: (Row | null)[] = []; // the cache's rows; null is padding
  #outbox: RolloutEvent[] = [];
  #live = 0;
  #busy = false;
  #disposed = false;

  constructor(device: RolloutDevice, options: RolloutOptions) {
    this.#device = device;
    this.#options = options;
    this.#turnEnds = new Set(options.turnEndTokens);
    this.#ends = new Set(options.endTokens);
  }

  get live(): number {
    return this.#live;
  }

  add(requests: readonly RolloutRequest[]): void {
    for (const { id, prompt } of requests) {
      if (this.#byId.has(id)) throw new Error(`The session already has a sequence ${id}.`);
      if (prompt.length === 0) throw new Error(`The prompt of sequence ${id} is empty.`);
      if (prompt.some((token) => !(token >= 0 && token < this.#device.vocabularySize))) {
        throw new Error(`The prompt of sequence ${id} has a token outside the vocabulary.`);
      }
      const row: Row = {
        id,
        tokens: [...prompt],
        lossMask: prompt.map(() => 0),
        logProbs: prompt.map(() => 0),
        fed: 0,
        state: 'moving',
      };
      this.#byId.set(id, row);
      this.#live++;
      if (prompt.length >= this.#options.context) this.#finish(row, 'context', this.#outbox);
      else this.#queue.push(row);
    }
  }

  async advance(maxTokens?: number): Promise<readonly RolloutEvent[]> {
    if (this.#disposed) throw new Error('The rollout session was disposed.');
    if (this.#busy) throw new Error('advance() was called while another advance() was running.');
    this.#busy = true;
    try {
      await this.#device.activate();
      const events = this.#outbox;
      this.#outbox = [];
      for (let steps = 0; steps < (maxTokens ?? Infinity); steps++) {
        if (maxTokens === undefined && this.#worthReporting(events, steps)) break;
        this.#arrangeRows();
        if (!this.#rows.some((row) => row?.state === 'moving')) break;
        await this.#step(events);
      }
      this.#live -= events.filter((event) => event.type === 'finished').length;
      return events;
    } finally {
      this.#busy = false;
    }
  }

  /** Enough sequences wait that their caller should hear of it, or a chunk is over and something happened. */
  #worthReporting(events: readonly RolloutEvent[], steps: number): boolean {
    if (events.length === 0) return false;
    if (steps >= CHUNK) return true;
    const waiting = this.#rows.filter((row) => row?.state === 'waiting').length;
    const moving = this.#rows.filter((row) => row?.state === 'moving').length + this.#queue.length;
    return waiting > 0 && waiting * 3 >= moving;
  }

  force(id: number, tokens: readonly number[]): void {
    const row = this.#waiting(id, 'force');
    if (tokens.some((token) => !(token >= 0 && token < this.#device.vocabularySize))) {
      throw new Error(`A token forced on sequence ${id} is outside the vocabulary.`);
    }
    if (row.tokens.length + tokens.length > this.#options.context) {
      this.#finish(row, 'context', this.#outbox);
      return;
    }
    for (const token of tokens) {
      row.tokens.push(token);
      row.lossMask.push(0);
      row.logProbs.push(0);
    }
    if (row.tokens.length >= this.#options.context) this.#finish(row, 'context', this.#outbox);
    else row.state = 'moving';
  }

  finish(id: number): void {
    this.#finish(this.#waiting(id, 'finish'), 'stopped', this.#outbox);
  }

  #waiting(id: number, caller: string): Row {
    const row = this.#byId.get(id);
    if (row?.state !== 'waiting') {
      throw new Error(`${caller}(${id}): only a sequence that waits after a turn can be continued or ended.`);
    }
    return row;
  }

  #finish(row: Row, reason: 'end' | 'context' | 'stopped', events: RolloutEvent[]): void {
    row.state = 'done';
    events.push({ type: 'finished', reason, sequence: snapshot(row) });
  }

  /** Drop rows that are done, let queued ones in, and squeeze out unused slots, when that pays for the copy. */
  #arrangeRows(): void {
    const { cache, maxRows } = this.#device;
    const live = this.#rows.flatMap((row, r) => (row && row.state !== 'done' ? [{ row, r }] : []));
    const room = maxRows - live.length;
    const admits = Math.min(room, this.#queue.length);
    const admitting = admits > 0 && (admits >= maxRows / 8 || admits === this.#queue.length);
    const rowsWanted = bucketRows(live.length + (admitting ? admits : 0));
    const longest = live.reduce((most, { row }) => Math.max(most, row.fed), 0);
    const shrinks = rowsWanted <= 0.7 * this.#rows.length;
    const sparse = cache.slots > 1.5 * longest + 32;
    if (live.length > 0 && !admitting && !shrinks && !sparse) return;
    if (live.length === 0 && !admitting) {
      this.#rows = [];
      return;
    }
    const admitted = admitting ? this.#queue.splice(0, admits) : [];
    const { prefilled, rowOf } = this.#device.prefill.run(admitted.map((row) => row.tokens));
    const sources: CacheSource[] = live.map(({ r }) => ({ from: 'cache', row: r }));
    admitted.forEach((row, i) => {
      row.fed = row.tokens.length - 1; // the last token of the prompt is fed by the first step, for its logits
      sources.push({ from: 'prefill', row: rowOf[i] ?? 0, length: row.fed });
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

  async #step(events: RolloutEvent[]): Promise<void> {
    const rows = this.#rows;
    const tokens = new Int32Array(rows.length);
    const positions = new Int32Array(rows.length);
    const moving = rows.map((row) => row?.state === 'moving');
    let samples = false;
    rows.forEach((row, r) => {
      if (row?.state !== 'moving') return;
      tokens[r] = row.tokens[row.fed] ?? 0;
      positions[r] = row.fed;
      row.fed++;
      samples ||= row.fed === row.tokens.length;
    });
    const { decoder, cache } = this.#device;
    const [logits] = tf.tidy(() => decoder.step(cache, tokens, positions, moving, samples));
    if (!logits) return;
    const numbers = (await logits.data()) as Float32Array; // [rows, vocabulary]
    logits.dispose();
    rows.forEach((row, r) => {
      if (moving[r] && row?.fed === row?.tokens.length && row) this.#sample(row, numbers, r, events);
    });
  }

  #sample(row: Row, logits: Float32Array, r: number, events: RolloutEvent[]): void {
    const { sampling, seed, context } = this.#options;
    const { vocabularySize } = this.#device;
    const uniform = uniformAt(seed, row.id, row.tokens.length);
    const { token, logProb } = sampleToken(logits, r * vocabularySize, vocabularySize, sampling, uniform);
    row.tokens.push(token);
    row.lossMask.push(1);
    row.logProbs.push(logProb);
    if (this.#ends.has(token)) this.#finish(row, 'end', events);
    else if (this.#turnEnds.has(token)) {
      row.state = 'waiting';
      events.push({ type: 'turn', sequence: snapshot(row) });
    } else if (row.tokens.length >= context) this.#finish(row, 'context', events);
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#live = 0;
    this.#device.cache.dispose();
    this.#device.decoder.dispose();
    this.#device.prefill.dispose();
  }
}

function snapshot(row: Row): RolloutSequence {
  return {
    id: row.id,
    tokens: Int32Array.from(row.tokens),
    lossMask: Uint8Array.from(row.lossMask),
    logProbs: Float32Array.from(row.logProbs),
  };
}
