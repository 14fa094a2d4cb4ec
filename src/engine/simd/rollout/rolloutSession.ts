/**
 * A rollout session: a fixed number of slots, refilled as sequences finish, advanced in chunks of tokens.
 *
 * A sequence depends on its prompt, the seed, its id and what was forced, not on its neighbours, on the chunks or on how many threads
 * share the slots. A slot that stops drops out of the chunk at once, so no token is computed in vain.
 */
import type { RolloutEvent, RolloutOptions, RolloutRequest, RolloutSession } from '../../engine.ts';
import { TOKEN_WORDS } from '../../layout/packing.ts';
import { prefillWords, sharePrefixes, type Prefill } from '../../layout/prefill.ts';
import { RolloutSequences, type SequenceState } from '../../rolloutSequences.ts';
import type { Address } from '../kernelExports.ts';
import type { SimdModel } from '../model/simdModel.ts';
import type { Task } from '../threads/tasks.ts';
import type { Team } from '../threads/team.ts';
import type { Workspaces } from '../threads/workspaces.ts';
import {
  MAX_CHUNK,
  SLOT_WORDS,
  slotStatus,
  type RolloutMemories,
  type RolloutMemory,
} from './rolloutMemory.ts';
import type { WeightsCopies, WeightsCopy } from './weightsCopy.ts';

/** What sessions share with their engine. */
export interface RolloutResources {
  readonly model: SimdModel;
  readonly team: Team;
  readonly workspaces: Workspaces;
  readonly memories: RolloutMemories;
  readonly copies: WeightsCopies;
  /** Runs work after everything that was asked of the engine before it. */
  readonly serial: <T>(work: () => T | Promise<T>) => Promise<T>;
}

/**
 * Tokens a chunk when the caller does not say: calls lie about eight sampled tokens apart, and the more of them are handed back at once,
 * the better Python's workers are used.
 */
const DEFAULT_CHUNK = 8;
/** Rows of given tokens that go through the layers at once. */
const PREFILL_ROWS = 128;

/** Slots that are decoded together for a whole chunk: few enough that their cache stays near. */
const DECODE_ROWS = 16;

/** Where a sequence is. */
interface Place {
  slot: number; // -1 before it is admitted
}

type Row = SequenceState & Place;

/** The session's memory, from the first sequence on. */
interface Held {
  readonly memory: RolloutMemory;
  readonly rollout: Address;
  readonly rows: (Row | undefined)[]; // [slots]
}

export class SimdRolloutSession implements RolloutSession {
  readonly #resources: RolloutResources;
  readonly #sequences: RolloutSequences<Place>;
  #prefills: Prefill[] = [];
  #held: Held | undefined;
  /** The weights of the moment the session began. */
  #weights: WeightsCopy | undefined;

  constructor(resources: RolloutResources, options: RolloutOptions) {
    this.#resources = resources;
    const { vocabularySize } = resources.model.config;
    this.#sequences = new RolloutSequences(options, vocabularySize, () => ({ slot: -1 }));
    // Queued like every call, so it sees the weights of this moment. A failure is `advance`'s to report.
    void resources
      .serial(() => {
        if (!this.#sequences.closed) this.#weights = resources.copies.take();
      })
      .catch(() => undefined);
  }

  get live(): number {
    return this.#sequences.live;
  }

  add(requests: readonly RolloutRequest[]): void {
    this.#sequences.add(requests);
  }

  advance(maxTokens?: number): Promise<readonly RolloutEvent[]> {
    return this.#sequences.advance(() =>
      this.#resources.serial(async () => {
        if (maxTokens === undefined) {
          while (this.#sequences.unreported === 0 && (await this.#chunk(DEFAULT_CHUNK)));
          return;
        }
        for (let left = Math.floor(maxTokens); left > 0; left -= MAX_CHUNK) {
          if (!(await this.#chunk(Math.min(left, MAX_CHUNK)))) return;
        }
      }),
    );
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
    const [held, weights] = [this.#held, this.#weights];
    this.#held = undefined;
    this.#weights = undefined;
    if (held) this.#resources.memories.giveBack(held.memory);
    if (weights) this.#resources.copies.release(weights);
  }

  /** Admit what fits and advance every running sequence by up to `steps` tokens. False when nothing runs. */
  async #chunk(steps: number): Promise<boolean> {
    if (this.#sequences.queued > 0) this.#admit();
    const held = this.#held;
    const rows = held?.rows.filter((row): row is Row => row?.state === 'running') ?? [];
    if (!held || rows.length === 0) return false;
    await this.#prefill(held);
    await this.#decode(held, rows, steps);
    this.#collect(held, rows);
    return true;
  }

  /** Give queued sequences free slots and have their cache filled: each distinct prompt is computed once. */
  #admit(): void {
    const sequences = this.#sequences;
    const held = this.#held ?? this.#begin();
    const free = held.rows.flatMap((row, slot) => (row && row.state !== 'done' ? [] : [slot]));
    const admitted = sequences.admit(free.length);
    admitted.forEach((row, i) => {
      row.slot = free[i]!;
      held.rows[row.slot] = row;
      this.#run(row);
    });
    const beginnings = admitted.map(({ slot, tokens }) => ({ slot, tokens: tokens.slice(0, -1) }));
    this.#prefills.push(...sharePrefixes(beginnings));
  }

  #begin(): Held {
    const { model, memories } = this.#resources;
    const { options, queued } = this.#sequences;
    if (!this.#weights) throw new Error('The session has no weights to sample from.');
    const memory = memories.take(queued, options.context);
    model.reach(options.context);
    const rollout = memory.begin(options, this.#weights.address);
    this.#held = { memory, rollout, rows: new Array<Row | undefined>(memory.slots).fill(undefined) };
    return this.#held;
  }

  /** From the next chunk on the row decodes; all of its tokens but the last are to be in the cache by then. */
  #run({ slot, id, tokens }: Row): void {
    const { slotTable } = this.#held!.memory;
    const position = tokens.length - 1;
    this.#resources.model.kernels
      .i32(slotTable + slot * SLOT_WORDS * 4, SLOT_WORDS)
      .set([tokens[position]!, position, id, slotStatus.running]);
  }

  async #prefill({ memory, rollout }: Held): Promise<void> {
    const { model, team } = this.#resources;
    const prefills = this.#prefills;
    this.#prefills = [];
    if (prefills.length === 0) return;
    const { kernels } = model;
    // A slot's tokens stay together, in order; slots are dealt to the threads.
    const shares = Array.from({ length: team.active }, (_, thread) =>
      prefillWords(prefills.filter((_, i) => i % team.active === thread)),
    );
    const tokens = kernels.allocate(
      shares.reduce((sum, { length }) => sum + length, 0),
      'given tokens',
    );
    let at = tokens;
    const tasks = shares.map((words) => {
      kernels.u32(at, words.length).set(words);
      const rows = words.length / TOKEN_WORDS;
      const task = { kind: 'prefill', rollout, tokens: at, rows, lot: PREFILL_ROWS } as const;
      at += words.length * 4;
      return task;
    });
    try {
      await this.#runTasks(memory, tasks, PREFILL_ROWS);
    } finally {
      kernels.call.release(tokens);
    }
    for (const { slot, position, tokens: given, copyTo } of prefills) {
      for (const other of copyTo) kernels.call.copySlot(rollout, slot, other, position + given.length);
    }
  }

  async #decode({ memory, rollout }: Held, rows: readonly Row[], steps: number): Promise<void> {
    const { model, team } = this.#resources;
    model.kernels.i32(memory.active, rows.length).set(rows.map(({ slot }) => slot));
    const share = Math.min(DECODE_ROWS, Math.ceil(rows.length / team.active));
    const tasks: Task[] = [];
    for (let first = 0; first < rows.length; first += share) {
      tasks.push({
        kind: 'decode',
        rollout,
        tokens: memory.tokens + first * TOKEN_WORDS * 4,
        active: memory.active + first * 4,
        count: Math.min(share, rows.length - first),
        steps,
      });
    }
    await this.#runTasks(memory, tasks, share);
  }

  #runTasks({ positions }: RolloutMemory, tasks: readonly Task[], rows: number): Promise<void> {
    const { team, workspaces } = this.#resources;
    return team.run(tasks, workspaces.table(rows, positions));
  }

  /** Append what the chunk sampled. The kernels stopped each slot by the rules by which `RolloutSequences` ends a turn. */
  #collect({ memory }: Held, rows: readonly Row[]): void {
    const { kernels } = this.#resources.model;
    const slots = kernels.i32(memory.slotTable, memory.slots * SLOT_WORDS);
    const tokens = kernels.i32(memory.output, memory.slots * MAX_CHUNK * 2);
    const logProbs = kernels.f32(memory.output, memory.slots * MAX_CHUNK * 2);
    for (const row of rows) {
      const position = slots[row.slot * SLOT_WORDS + 1]!;
      for (let t = row.tokens.length; t <= position; t++) {
        const place = (row.slot * MAX_CHUNK + (t % MAX_CHUNK)) * 2;
        this.#sequences.appendSampled(row, tokens[place]!, logProbs[place + 1]!);
      }
    }
  }
}
