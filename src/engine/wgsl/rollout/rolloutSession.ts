/**
 * A rollout session: a fixed number of slots on the GPU, refilled as sequences finish, advanced in chunks of tokens.
 *
 * Invariants. (1) A sequence depends on its prompt, the seed, its id and what was forced, not on its neighbours or on
 * scheduling. (2) The GPU decides alone when a slot freezes (turn-end, end token, full context); a frozen slot does not
 * change until this file updates it, so the overshoot of a chunk is nothing. (3) One chunk may be in flight while
 * the caller thinks: results are matched to sequences by the chunk they were submitted in.
 */
import type { RolloutEvent, RolloutOptions, RolloutRequest, RolloutSession } from '../../engine.ts';
import { readStaging } from '../device/buffers.ts';
import { shareBeginnings, type Prefill } from '../../layout/prefill.ts';
import { MAX_CHUNK } from '../memory/rolloutBuffers.ts';
import { slotStatus, type RolloutPlan, type SlotUpdate } from './rolloutPlan.ts';
import type { RolloutPlans, RolloutResources } from './rolloutPlans.ts';
import { appendForced, appendSampled, queuedRow, readResults, sequenceOf, type Row } from './rolloutRow.ts';

interface Chunk {
  readonly number: number;
  readonly staging: 0 | 1;
  readonly rows: readonly Row[];
}

/**
 * Tokens per submit when the caller does not say. A sequence that hands its turn back is frozen for the rest of its chunk (and, where
 * a chunk is queued ahead, for the next), so few: calls lie about eight sampled tokens apart. On a GPU enough to hide a
 * read-back behind; a software adapter has no read-back to hide, and pays for every frozen row.
 */
const defaultChunk = { gpu: 8, software: 4 } as const;

export type Serial = <T>(work: () => T | Promise<T>) => Promise<T>;

export function startSession(plans: RolloutPlans, options: RolloutOptions, serial: Serial): RolloutSession {
  return new Session(plans, options, serial);
}

class Session implements RolloutSession {
  readonly #plans: RolloutPlans;
  readonly #resources: RolloutResources;
  readonly #options: RolloutOptions;
  readonly #serial: Serial;
  readonly #byId = new Map<number, Row>();
  readonly #queue: Row[] = [];
  #slots: (Row | undefined)[] = [];
  #updates: SlotUpdate[] = [];
  #prefills: Prefill[] = [];
  #outbox: RolloutEvent[] = [];
  #inFlight: Chunk | undefined;
  #plan: RolloutPlan | undefined;
  /** The weights the session began with, until a plan holds them. */
  #snapshot: GPUBuffer | undefined;
  #nextChunk = 0;
  #live = 0;
  #busy = false;
  #disposed = false;

  constructor(plans: RolloutPlans, options: RolloutOptions, serial: Serial) {
    this.#plans = plans;
    this.#resources = plans.resources;
    this.#options = options;
    this.#serial = serial;
    // Queued like every call, so it sees the weights of this moment. A failure (a lost device) is `advance`'s to report.
    void serial(() => {
      if (this.#disposed) return;
      this.#snapshot = plans.snapshot();
    }).catch(() => undefined);
  }

  get live(): number {
    return this.#live;
  }

  add(requests: readonly RolloutRequest[]): void {
    for (const { id, prompt } of requests) {
      if (this.#byId.has(id)) throw new Error(`The session already has a sequence ${id}.`);
      if (prompt.length === 0) throw new Error(`The prompt of sequence ${id} is empty.`);
      this.#checkTokens(prompt, `The prompt of sequence ${id} has a token outside the vocabulary.`);
      const row = queuedRow(id, prompt);
      this.#byId.set(id, row);
      this.#live++;
      if (prompt.length >= this.#options.context) this.#finish(row, 'context');
      else this.#queue.push(row);
    }
  }

  async advance(maxTokens?: number): Promise<readonly RolloutEvent[]> {
    if (this.#disposed) throw new Error('The rollout session was disposed.');
    if (this.#busy) throw new Error('advance() was called while another advance() was running.');
    this.#busy = true;
    try {
      const events = await this.#serial(() => this.#advance(maxTokens));
      this.#live -= events.filter((event) => event.type === 'finished').length;
      return events;
    } finally {
      this.#busy = false;
    }
  }

  force(id: number, tokens: readonly number[]): void {
    const row = this.#waiting(id, 'force');
    this.#checkTokens(tokens, `A token forced on sequence ${id} is outside the vocabulary.`);
    if (row.tokens.length + tokens.length > this.#options.context) {
      this.#finish(row, 'context');
      return;
    }
    const last = row.tokens.length - 1;
    appendForced(row, tokens);
    if (row.tokens.length >= this.#options.context) {
      this.#finish(row, 'context');
      return;
    }
    // The turn's last token is not in the cache yet either.
    this.#prefills.push({ slot: row.slot, position: last, tokens: row.tokens.slice(last, -1), copyTo: [] });
    this.#run(row);
  }

  finish(id: number): void {
    this.#finish(this.#waiting(id, 'finish'), 'stopped');
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#live = 0;
    if (this.#snapshot) this.#takeSnapshot();
    const plan = this.#plan;
    this.#plan = undefined;
    if (!plan) return;
    const chunk = this.#inFlight;
    this.#inFlight = undefined;
    // Let an unread chunk finish before the plan is used again.
    void this.#serial(async () => {
      if (chunk) await readStaging(this.#resources.gpu, stagingOf(plan, chunk), plan.stagingBytes);
    })
      .catch(() => undefined)
      .finally(() => {
        this.#plans.release(plan);
      });
  }

  async #advance(maxTokens: number | undefined): Promise<readonly RolloutEvent[]> {
    if (maxTokens !== undefined) return this.#advanceBy(Math.max(0, Math.floor(maxTokens)));
    const { isSoftware } = this.#resources.gpu;
    const steps = isSoftware ? defaultChunk.software : defaultChunk.gpu;
    while (this.#outbox.length === 0 || this.#inFlight) {
      const chunk = this.#inFlight ?? (await this.#submit(steps));
      this.#inFlight = undefined;
      if (!chunk) break;
      // On a GPU the next chunk is queued before this one is read, so that it never waits for JavaScript.
      const ahead = isSoftware ? undefined : await this.#submit(steps);
      await this.#apply(chunk);
      this.#inFlight = ahead;
      if (this.#outbox.length > 0) break;
    }
    return this.#takeEvents();
  }

  /** At most `steps` tokens for every sequence, counting a chunk that is already on its way as none of them. */
  async #advanceBy(steps: number): Promise<readonly RolloutEvent[]> {
    if (this.#inFlight) {
      const chunk = this.#inFlight;
      this.#inFlight = undefined;
      await this.#apply(chunk);
      return this.#takeEvents();
    }
    for (let left = steps; left > 0; left -= MAX_CHUNK) {
      const chunk = await this.#submit(Math.min(left, MAX_CHUNK));
      if (!chunk) break;
      await this.#apply(chunk);
    }
    return this.#takeEvents();
  }

  #takeEvents(): readonly RolloutEvent[] {
    const events = this.#outbox;
    this.#outbox = [];
    return events;
  }

  /** Admit what fits, then submit one chunk; undefined when nothing runs. */
  async #submit(steps: number): Promise<Chunk | undefined> {
    if (this.#queue.length > 0) await this.#admit();
    const rows = this.#slots.filter((row): row is Row => row?.state === 'running');
    if (rows.length === 0 || !this.#plan) return undefined;
    const chunk: Chunk = { number: this.#nextChunk, staging: (this.#nextChunk % 2) as 0 | 1, rows };
    this.#nextChunk++;
    this.#plan.submit({
      updates: this.#updates,
      prefills: this.#prefills,
      active: rows.map((row) => row.slot),
      steps,
      staging: chunk.staging,
    });
    this.#updates = [];
    this.#prefills = [];
    return chunk;
  }

  /** Give queued sequences free slots and have their cache filled: each distinct prompt is computed once. */
  async #admit(): Promise<void> {
    if (!this.#plan) {
      this.#plan = await this.#plans.acquire(this.#queue.length, this.#options.context);
      this.#plan.begin(this.#options, this.#takeSnapshot());
      this.#slots = new Array<Row | undefined>(this.#plan.shape.slots).fill(undefined);
    }
    const admitted: Row[] = [];
    for (let slot = 0; slot < this.#slots.length && this.#queue.length > 0; slot++) {
      const holder = this.#slots[slot];
      if (holder && holder.state !== 'done') continue;
      const row = this.#queue.shift();
      if (!row) break;
      row.slot = slot;
      this.#slots[slot] = row;
      this.#run(row);
      admitted.push(row);
    }
    const beginnings = admitted.map(({ slot, tokens }) => ({ slot, tokens: tokens.slice(0, -1) }));
    this.#prefills.push(...shareBeginnings(beginnings));
  }

  #takeSnapshot(): GPUBuffer {
    const snapshot = this.#snapshot;
    if (!snapshot) throw new Error('The session has no weights to sample from.');
    this.#snapshot = undefined;
    this.#plans.releaseSnapshot(snapshot);
    return snapshot;
  }

  /** From the next chunk on the row decodes; all of its tokens but the last are to be in the cache by then. */
  #run(row: Row): void {
    row.state = 'running';
    row.runsFrom = this.#nextChunk;
    const position = row.tokens.length - 1;
    this.#updates.push({ slot: row.slot, id: row.id, token: row.tokens[position] ?? 0, position });
  }

  /** Read a chunk back and bring its sequences up to date. */
  async #apply(chunk: Chunk): Promise<void> {
    const plan = this.#plan;
    if (!plan) return;
    const bytes = await readStaging(this.#resources.gpu, stagingOf(plan, chunk), plan.stagingBytes);
    const results = readResults(bytes, plan.shape.slots);
    for (const row of chunk.rows) {
      if (row.state !== 'running' || chunk.number < row.runsFrom) continue;
      const status = appendSampled(row, results);
      if (status === slotStatus.ended) this.#finish(row, 'end');
      else if (status === slotStatus.full) this.#finish(row, 'context');
      else if (status === slotStatus.turn) {
        row.state = 'waiting';
        this.#outbox.push({ type: 'turn', sequence: sequenceOf(row) });
      }
    }
  }

  #waiting(id: number, caller: string): Row {
    const row = this.#byId.get(id);
    if (row?.state !== 'waiting') {
      throw new Error(`${caller}(${id}): only a sequence that waits after a turn can be continued or ended.`);
    }
    return row;
  }

  #finish(row: Row, reason: 'end' | 'context' | 'stopped'): void {
    row.state = 'done';
    this.#outbox.push({ type: 'finished', reason, sequence: sequenceOf(row) });
  }

  #checkTokens(tokens: readonly number[], message: string): void {
    const { vocabularySize } = this.#resources.config;
    if (tokens.some((token) => !(token >= 0 && token < vocabularySize))) throw new Error(message);
  }
}

function stagingOf(plan: RolloutPlan, chunk: Chunk): GPUBuffer {
  return plan.buffers.get(`staging${chunk.staging}`);
}
