/**
 * A decode plan without a GPU: its slots say what a script has for them, and freeze by the rules by which the kernels freeze them
 * (rollout.wgsl, sampleToken.wgsl). For tests of what a rollout session submits: every decoding step is counted.
 */
import type { RolloutOptions } from '../../engine.ts';
import { MAX_CHUNK, SLOT_WORDS, type PlanShape } from '../memory/rolloutBuffers.ts';
import { slotStatus, type ChunkPlan, type ChunkPlans, type ChunkWork } from '../rollout/chunkPlan.ts';
import type { ChunkResults } from '../rollout/rolloutRow.ts';

/** Every token that sequence `id` will sample, whatever is forced between them. Where the script is over it says 0. */
export type Script = (id: number) => readonly number[];

export interface DecodingCounts {
  /** Decoding steps, and submits that held them. */
  steps: number;
  chunks: number;
  /** Rows that were computed, one for each active slot of each step, and those of them whose slot was frozen. */
  rows: number;
  frozenRows: number;
  /** Results that were read with nothing else queued: the GPU was idle meanwhile. */
  idleReads: number;
}

/** Plans of one engine, all of one script. */
export class ScriptedPlans implements ChunkPlans {
  readonly vocabularySize = 64;
  readonly isSoftware: boolean;
  readonly counts: DecodingCounts = { steps: 0, chunks: 0, rows: 0, frozenRows: 0, idleReads: 0 };
  readonly #script: Script;
  readonly #maxSlots: number;

  constructor(script: Script, { isSoftware = false, maxSlots = 1024 } = {}) {
    this.#script = script;
    this.isSoftware = isSoftware;
    this.#maxSlots = maxSlots;
  }

  async acquire(sequences: number, positions: number): Promise<ChunkPlan> {
    const shape = { slots: Math.min(sequences, this.#maxSlots), positions };
    return new ScriptedPlan(shape, this.#script, this.counts);
  }

  release(): void {}

  snapshot(): GPUBuffer {
    return {} as GPUBuffer; // no weights: the script samples
  }

  releaseSnapshot(): void {}
}

/** A slot as slotUpdate.wgsl leaves it. */
interface Slot {
  id: number;
  token: number;
  position: number;
  status: number;
}

class ScriptedPlan implements ChunkPlan {
  readonly shape: PlanShape;
  readonly #script: Script;
  readonly #counts: DecodingCounts;
  readonly #slots: Slot[];
  readonly #output: Uint32Array; // [slots, MAX_CHUNK, 2]
  readonly #staging = new Map<0 | 1, ChunkResults>();
  /** Tokens that each sequence has said. */
  readonly #said = new Map<number, number>();
  #stopKinds = new Map<number, number>();
  #context = 0;

  constructor(shape: PlanShape, script: Script, counts: DecodingCounts) {
    this.shape = shape;
    this.#script = script;
    this.#counts = counts;
    this.#slots = Array.from({ length: shape.slots }, () => ({ id: 0, token: 0, position: 0, status: 0 }));
    this.#output = new Uint32Array(shape.slots * MAX_CHUNK * 2);
  }

  begin({ context, turnEndTokens, endTokens }: RolloutOptions): void {
    this.#context = context;
    for (const token of turnEndTokens) this.#stopKinds.set(token, slotStatus.turn);
    for (const token of endTokens) this.#stopKinds.set(token, slotStatus.ended);
  }

  submit({ updates, active, steps, staging }: ChunkWork): void {
    if (this.#staging.has(staging))
      throw new Error('The staging buffer was not read before it is used again.');
    if (!(steps >= 1 && steps <= MAX_CHUNK)) throw new Error(`A chunk cannot have ${steps} steps.`);
    for (const { slot, id, token, position } of updates) {
      this.#slots[slot] = { id, token, position, status: slotStatus.running };
    }
    this.#counts.chunks++;
    this.#counts.steps += steps;
    this.#counts.rows += steps * active.length;
    for (let step = 0; step < steps; step++) for (const index of active) this.#decode(index);
    const slots = Uint32Array.from(
      this.#slots.flatMap(({ token, position, id, status }) => [token, position, id, status]),
    );
    if (slots.length !== this.shape.slots * SLOT_WORDS) throw new Error('A slot is SLOT_WORDS words.');
    const tokens = this.#output.slice();
    this.#staging.set(staging, { slots, tokens, logProbs: new Float32Array(tokens.buffer) });
  }

  async read(staging: 0 | 1): Promise<ChunkResults> {
    const results = this.#staging.get(staging);
    if (!results) throw new Error('There is nothing to read.');
    if (this.#staging.size === 1) this.#counts.idleReads++;
    this.#staging.delete(staging);
    return results;
  }

  #decode(index: number): void {
    const slot = this.#slots[index]!;
    if (slot.status !== slotStatus.running) {
      this.#counts.frozenRows++;
      return;
    }
    const said = this.#said.get(slot.id) ?? 0;
    this.#said.set(slot.id, said + 1);
    slot.token = this.#script(slot.id)[said] ?? 0;
    slot.position++;
    slot.status =
      this.#stopKinds.get(slot.token) ??
      (slot.position + 1 >= this.#context ? slotStatus.full : slotStatus.running);
    this.#output[(index * MAX_CHUNK + (slot.position % MAX_CHUNK)) * 2] = slot.token;
  }
}
