/**
 * A rollout's memory: slots, their key/value cache, and what a chunk reads and writes. One idle memory is kept for the next session.
 */
import type { RolloutOptions } from '../../engine.ts';
import { TOKEN_WORDS } from '../../layout/packing.ts';
import type { Address } from '../kernelExports.ts';
import { SimdMemoryError } from '../kernels.ts';
import type { SimdModel } from '../model/simdModel.ts';

/** Tokens that a slot can sample in one chunk. */
export const MAX_CHUNK = 16;
/** Words of a slot: newest token, its position, the sequence's number, status. */
export const SLOT_WORDS = 4;
/** Statuses that the kernels know; `idle` slots are in nobody's list. */
export const slotStatus = { idle: 0, running: 1, turn: 2, ended: 3 } as const;

/** Sequences generated at once: more than this only wait for one another in the cache. */
const MAX_SLOTS = 256;
/** Bytes that the cache may take. */
const CACHE_BUDGET = 2 ** 29;

export class RolloutMemory {
  readonly slots: number;
  readonly positions: number;
  readonly slotTable: Address; // [slots, SLOT_WORDS]
  readonly output: Address; // [slots, MAX_CHUNK, 2]: token, log-probability
  readonly active: Address; // [slots]
  readonly tokens: Address; // [slots, TOKEN_WORDS]
  readonly #model: SimdModel;
  readonly #keys: Address;
  readonly #values: Address;
  readonly #stopKinds: Address; // [vocabulary]
  #rollout: Address | undefined;

  constructor(model: SimdModel, slots: number, positions: number) {
    const { kernels, config } = model;
    this.#model = model;
    this.slots = slots;
    this.positions = positions;
    const room = (count: number) =>
      kernels.allocate(count, `generating ${slots} sequences of ${positions} tokens at a time`);
    this.#keys = room(config.layers * slots * kernels.call.cacheKeyFloats(model.address, positions));
    this.#values = room(config.layers * slots * kernels.call.cacheValueFloats(model.address, positions));
    this.slotTable = room(slots * SLOT_WORDS);
    this.output = room(slots * MAX_CHUNK * 2);
    this.active = room(slots);
    this.tokens = room(slots * TOKEN_WORDS);
    this.#stopKinds = room(config.vocabularySize);
  }

  /** Start a session: what the kernels are given. */
  begin(options: RolloutOptions, weights: Address): Address {
    const { kernels, address, config } = this.#model;
    const kinds = kernels.i32(this.#stopKinds, config.vocabularySize).fill(0);
    for (const token of options.turnEndTokens) kinds[token] = slotStatus.turn;
    for (const token of options.endTokens) kinds[token] = slotStatus.ended;
    if (this.#rollout !== undefined) kernels.call.release(this.#rollout);
    this.#rollout = kernels.call.createRollout(
      address,
      weights,
      this.slotTable,
      this.#keys,
      this.#values,
      this.#stopKinds,
      this.output,
      this.slots,
      this.positions,
      MAX_CHUNK,
      options.seed,
      options.context,
      options.sampling.temperature,
      options.sampling.topP,
    );
    return this.#rollout;
  }

  release(): void {
    const { call } = this.#model.kernels;
    const held = [this.#keys, this.#values, this.slotTable, this.output, this.active, this.tokens];
    for (const address of [...held, this.#stopKinds]) call.release(address);
    if (this.#rollout !== undefined) call.release(this.#rollout);
  }
}

export class RolloutMemories {
  readonly #model: SimdModel;
  readonly #maxSlots: number;
  #idle: RolloutMemory | undefined;

  constructor(model: SimdModel, maxSlots = MAX_SLOTS) {
    this.#model = model;
    this.#maxSlots = maxSlots;
  }

  /** Memory for `sequences` at once, or as many as the budget allows, of up to `context` tokens. @throws SimdMemoryError */
  take(sequences: number, context: number): RolloutMemory {
    const { kernels, address, config } = this.#model;
    const positions = Math.ceil(context / 8) * 8;
    const floats =
      kernels.call.cacheKeyFloats(address, positions) + kernels.call.cacheValueFloats(address, positions);
    const affordable = Math.floor(CACHE_BUDGET / (config.layers * floats * 4));
    if (affordable === 0) {
      throw new SimdMemoryError(
        `There is not enough memory for the cache of one sequence of ${context} tokens. Choose a smaller policy or a shorter context.`,
      );
    }
    // In steps, so that memory is used again where the next session has a few more.
    const slots = Math.min(Math.ceil(sequences / 16) * 16, this.#maxSlots, affordable);
    const idle = this.#idle;
    this.#idle = undefined;
    if (idle?.positions === positions && idle.slots >= slots) return idle;
    idle?.release();
    return new RolloutMemory(this.#model, slots, positions);
  }

  giveBack(memory: RolloutMemory): void {
    this.#idle?.release();
    this.#idle = memory;
  }
}
