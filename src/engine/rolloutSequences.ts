/**
 * The sequences of a rollout session: what may be added, forced and ended, when a sequence is over, and what its caller is told.
 *
 * Every engine's session keeps its sequences here, so the rules of `RolloutSession` (engine.ts) stand once and an engine only
 * has to say which token came next. `Extra` is what an engine remembers of a sequence beside that, such as its place in a cache.
 */
import type { RolloutEvent, RolloutOptions, RolloutRequest, RolloutSequence } from './engine.ts';

export interface SequenceState {
  readonly id: number;
  readonly tokens: number[];
  readonly lossMask: number[]; // 1 sampled, 0 forced
  readonly logProbs: number[]; // 0 where forced
  /** `queued` until `admit`; `waiting` after a turn, until `force` or `finish`. */
  state: 'queued' | 'running' | 'waiting' | 'done';
}

export class RolloutSequences<Extra extends object = object> {
  readonly options: RolloutOptions;
  readonly #vocabularySize: number;
  readonly #extra: () => Extra;
  readonly #turnEnds: ReadonlySet<number>;
  readonly #ends: ReadonlySet<number>;
  readonly #byId = new Map<number, SequenceState & Extra>();
  readonly #queue: (SequenceState & Extra)[] = [];
  #events: RolloutEvent[] = [];
  #live = 0;
  #busy = false;
  #closed = false;

  /** Throws a sentence where the context has no room for a single token. */
  constructor(options: RolloutOptions, vocabularySize: number, extra: () => Extra) {
    if (!(options.context >= 1)) throw new Error('A rollout needs a context of at least one token.');
    this.options = options;
    this.#vocabularySize = vocabularySize;
    this.#extra = extra;
    this.#turnEnds = new Set(options.turnEndTokens);
    this.#ends = new Set(options.endTokens);
  }

  /** Sequences whose end has not been reported yet. */
  get live(): number {
    return this.#live;
  }

  /** Sequences that wait to be admitted. */
  get queued(): number {
    return this.#queue.length;
  }

  /** Events that the next `advance` reports. */
  get unreported(): number {
    return this.#events.length;
  }

  /** A prompt that fills the context is over at once; the others are queued. Throws a sentence on a request that makes no sense. */
  add(requests: readonly RolloutRequest[]): void {
    for (const { id, prompt } of requests) {
      if (this.#byId.has(id)) throw new Error(`The session already has a sequence ${id}.`);
      if (prompt.length === 0) throw new Error(`The prompt of sequence ${id} is empty.`);
      this.#checkTokens(prompt, `The prompt of sequence ${id} has a token outside the vocabulary.`);
      const sequence = {
        ...this.#extra(),
        id,
        tokens: [...prompt],
        lossMask: prompt.map(() => 0),
        logProbs: prompt.map(() => 0),
        state: 'queued' as const,
      };
      this.#byId.set(id, sequence);
      this.#live++;
      if (prompt.length >= this.options.context) this.#finish(sequence, 'context');
      else this.#queue.push(sequence);
    }
  }

  /** Take up to `count` sequences from the queue, first come first served; from now on they run. */
  admit(count: number): (SequenceState & Extra)[] {
    const admitted = this.#queue.splice(0, count);
    for (const sequence of admitted) sequence.state = 'running';
    return admitted;
  }

  /** The running sequence's next token, as the engine sampled it. Ends the sequence or its turn where that token does. */
  appendSampled(sequence: SequenceState & Extra, token: number, logProb: number): void {
    append(sequence, token, 1, logProb);
    if (this.#ends.has(token)) this.#finish(sequence, 'end');
    else if (this.#turnEnds.has(token)) {
      sequence.state = 'waiting';
      this.#events.push({ type: 'turn', sequence: snapshot(sequence) });
    } else if (sequence.tokens.length >= this.options.context) this.#finish(sequence, 'context');
  }

  /**
   * Append tool output to a waiting sequence.
   * @returns the sequence where it runs on, undefined where the context is full: exactly, or because the tokens would overflow it
   *   (then none of them is appended)
   */
  force(id: number, tokens: readonly number[]): (SequenceState & Extra) | undefined {
    const sequence = this.#waiting(id, 'force');
    this.#checkTokens(tokens, `A token forced on sequence ${id} is outside the vocabulary.`);
    const length = sequence.tokens.length + tokens.length;
    if (length <= this.options.context) for (const token of tokens) append(sequence, token, 0, 0);
    if (length >= this.options.context) {
      this.#finish(sequence, 'context');
      return undefined;
    }
    sequence.state = 'running';
    return sequence;
  }

  /** End a waiting sequence where it stands. */
  finish(id: number): void {
    this.#finish(this.#waiting(id, 'finish'), 'stopped');
  }

  /** Run an engine's `work`, one call at a time, and hand out the events that are due by then. */
  async advance(work: () => Promise<void>): Promise<readonly RolloutEvent[]> {
    if (this.#closed) throw new Error('The rollout session was disposed.');
    if (this.#busy) throw new Error('advance() was called while another advance() was running.');
    this.#busy = true;
    try {
      await work();
    } finally {
      this.#busy = false;
    }
    const events = this.#events;
    this.#events = [];
    this.#live -= events.filter((event) => event.type === 'finished').length;
    return events;
  }

  /** End the session: `advance` refuses from now on. Returns false if it had ended before. */
  close(): boolean {
    if (this.#closed) return false;
    this.#closed = true;
    this.#live = 0;
    return true;
  }

  get closed(): boolean {
    return this.#closed;
  }

  #waiting(id: number, caller: string): SequenceState & Extra {
    const sequence = this.#byId.get(id);
    if (sequence?.state !== 'waiting') {
      throw new Error(`${caller}(${id}): only a sequence that waits after a turn can be continued or ended.`);
    }
    return sequence;
  }

  #finish(sequence: SequenceState, reason: 'end' | 'context' | 'stopped'): void {
    sequence.state = 'done';
    this.#events.push({ type: 'finished', reason, sequence: snapshot(sequence) });
  }

  #checkTokens(tokens: readonly number[], message: string): void {
    if (tokens.some((token) => !(token >= 0 && token < this.#vocabularySize))) throw new Error(message);
  }
}

function append(sequence: SequenceState, token: number, sampled: 0 | 1, logProb: number): void {
  sequence.tokens.push(token);
  sequence.lossMask.push(sampled);
  sequence.logProbs.push(logProb);
}

/** A copy to hand out, which later tokens do not change. */
function snapshot({ id, tokens, lossMask, logProbs }: SequenceState): RolloutSequence {
  return {
    id,
    tokens: Int32Array.from(tokens),
    lossMask: Uint8Array.from(lossMask),
    logProbs: Float32Array.from(logProbs),
  };
}
