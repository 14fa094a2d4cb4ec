/**
 * A rollout session: a fixed number of slots on the GPU, refilled as sequences finish, advanced in chunks of tokens.
 *
 * Invariants. (1) A sequence depends on its prompt, the seed, its id and what was forced, not on its neighbours or on
 * scheduling. (2) The GPU decides alone when a slot freezes (turn-end, end token, full context); a frozen slot does not
 * change until this file updates it, so the overshoot of a chunk is nothing. (3) One chunk may be in flight while
 * the caller thinks: results are matched to sequences by the chunk they were submitted in. How long chunks are, and whether one is
 * queued behind another, follows the length of turns (chunkPace.ts): rollouts of short turns wait for no chunk that they are not in.
 */
import type { RolloutEvent, RolloutOptions, RolloutRequest, RolloutSession } from '../../engine.ts';
import { sharePrefixes, type Prefill } from '../../layout/prefill.ts';
import { RolloutSequences } from '../../rolloutSequences.ts';
import { MAX_CHUNK } from '../memory/rolloutBuffers.ts';
import { ChunkPace, type Pace } from './chunkPace.ts';
import type { ChunkPlan, ChunkPlans, SlotUpdate } from './chunkPlan.ts';
import { appendChunk, type Place, type Row } from './rolloutRow.ts';

interface Chunk {
  readonly number: number;
  readonly staging: 0 | 1;
  readonly rows: readonly Row[];
}

/**
 * The pace on a software adapter, where there is no read-back to hide and every frozen row costs: few tokens a submit, as measured
 * (PERFORMANCE.md), and nothing ahead.
 */
const softwarePace: Pace = { steps: 4, ahead: false };

export type Serial = <T>(work: () => T | Promise<T>) => Promise<T>;

export function startSession(plans: ChunkPlans, options: RolloutOptions, serial: Serial): RolloutSession {
  return new Session(plans, options, serial);
}

class Session implements RolloutSession {
  readonly #plans: ChunkPlans;
  readonly #serial: Serial;
  readonly #sequences: RolloutSequences<Place>;
  #slots: (Row | undefined)[] = [];
  #updates: SlotUpdate[] = [];
  #prefills: Prefill[] = [];
  #inFlight: Chunk | undefined;
  #plan: ChunkPlan | undefined;
  /** The weights the session began with, until a plan holds them. */
  #snapshot: GPUBuffer | undefined;
  #nextChunk = 0;
  readonly #pace = new ChunkPace();

  constructor(plans: ChunkPlans, options: RolloutOptions, serial: Serial) {
    this.#plans = plans;
    this.#serial = serial;
    this.#sequences = new RolloutSequences(options, plans.vocabularySize, () => ({
      slot: -1,
      runsFrom: 0,
      turnFrom: 0,
    }));
    // Queued like every call, so it sees the weights of this moment. A failure (a lost device) is `advance`'s to report.
    void serial(() => {
      if (this.#sequences.closed) return;
      this.#snapshot = plans.snapshot();
    }).catch(() => undefined);
  }

  get live(): number {
    return this.#sequences.live;
  }

  add(requests: readonly RolloutRequest[]): void {
    this.#sequences.add(requests);
  }

  advance(maxTokens?: number): Promise<readonly RolloutEvent[]> {
    return this.#sequences.advance(() => this.#serial(() => this.#advance(maxTokens)));
  }

  force(id: number, tokens: readonly number[]): void {
    const row = this.#sequences.force(id, tokens);
    if (!row) return;
    // The turn's last token is not in the cache yet either; the newest is fed by the next step, for its logits.
    const position = row.tokens.length - tokens.length - 1;
    this.#prefills.push({ slot: row.slot, position, tokens: row.tokens.slice(position, -1), copyTo: [] });
    this.#run(row);
  }

  finish(id: number): void {
    this.#sequences.finish(id);
  }

  dispose(): void {
    if (!this.#sequences.close()) return;
    if (this.#snapshot) this.#takeSnapshot();
    const plan = this.#plan;
    this.#plan = undefined;
    if (!plan) return;
    const chunk = this.#inFlight;
    this.#inFlight = undefined;
    // Let an unread chunk finish before the plan is used again.
    void this.#serial(async () => {
      if (chunk) await plan.read(chunk.staging);
    })
      .catch(() => undefined)
      .finally(() => {
        this.#plans.release(plan);
      });
  }

  async #advance(maxTokens: number | undefined): Promise<void> {
    if (maxTokens !== undefined) return this.#advanceBy(Math.max(0, Math.floor(maxTokens)));
    while (this.#sequences.unreported === 0 || this.#inFlight) {
      const pace = this.#plans.isSoftware ? softwarePace : this.#pace.choose(this.#ages());
      const chunk = this.#inFlight ?? (await this.#submit(pace.steps));
      this.#inFlight = undefined;
      if (!chunk) break;
      const ahead = pace.ahead ? await this.#submit(pace.steps) : undefined;
      await this.#apply(chunk);
      this.#inFlight = ahead;
      if (this.#sequences.unreported > 0) break;
    }
  }

  /** Tokens that each running sequence is known to have sampled in its turn. */
  #ages(): number[] {
    return this.#running().map(({ tokens, turnFrom }) => tokens.length - turnFrom);
  }

  #running(): Row[] {
    return this.#slots.filter((row): row is Row => row?.state === 'running');
  }

  /** At most `steps` tokens for every sequence, counting a chunk that is already on its way as none of them. */
  async #advanceBy(steps: number): Promise<void> {
    if (this.#inFlight) {
      const chunk = this.#inFlight;
      this.#inFlight = undefined;
      await this.#apply(chunk);
      return;
    }
    for (let left = steps; left > 0; left -= MAX_CHUNK) {
      const chunk = await this.#submit(Math.min(left, MAX_CHUNK));
      if (!chunk) break;
      await this.#apply(chunk);
    }
  }

  /** Admit what fits, then submit one chunk; undefined when nothing runs. */
  async #submit(steps: number): Promise<Chunk | undefined> {
    if (this.#sequences.queued > 0) await this.#admit();
    const rows = this.#running();
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
    const sequences = this.#sequences;
    if (!this.#plan) {
      this.#plan = await this.#plans.acquire(sequences.queued, sequences.options.context);
      this.#plan.begin(sequences.options, this.#takeSnapshot());
      this.#slots = new Array<Row | undefined>(this.#plan.shape.slots).fill(undefined);
    }
    const free = this.#slots.flatMap((row, slot) => (row && row.state !== 'done' ? [] : [slot]));
    const admitted = sequences.admit(free.length);
    admitted.forEach((row, i) => {
      row.slot = free[i]!;
      this.#slots[row.slot] = row;
      this.#run(row);
    });
    const beginnings = admitted.map(({ slot, tokens }) => ({ slot, tokens: tokens.slice(0, -1) }));
    this.#prefills.push(...sharePrefixes(beginnings));
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
    row.runsFrom = this.#nextChunk;
    row.turnFrom = row.tokens.length;
    const position = row.tokens.length - 1;
    this.#updates.push({ slot: row.slot, id: row.id, token: row.tokens[position]!, position });
  }

  /** Read a chunk back and bring its sequences up to date. */
  async #apply(chunk: Chunk): Promise<void> {
    const plan = this.#plan;
    if (!plan) return;
    const results = await plan.read(chunk.staging);
    for (const row of chunk.rows) {
      if (row.state !== 'running' || chunk.number < row.runsFrom) continue;
      appendChunk(this.#sequences, row, results);
      if (hasEnded(row)) this.#pace.turnEnded(row.tokens.length - row.turnFrom);
    }
  }
}

/** Its turn or the whole sequence. */
function hasEnded({ state }: Row): boolean {
  return state !== 'running';
}
