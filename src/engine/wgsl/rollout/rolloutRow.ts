/**
 * A rollout's sequences as the CPU knows them, and how a chunk's results, read back from the GPU, bring one up to date.
 *
 * Invariant: a row's three arrays have one length, and the mask says 1 exactly where a token was sampled here.
 */
import type { RolloutSequence } from '../../engine.ts';
import { MAX_CHUNK, SLOT_WORDS } from '../memory/rolloutBuffers.ts';

/** One sequence. */
export interface Row {
  readonly id: number;
  readonly tokens: number[];
  readonly lossMask: number[]; // 1 sampled, 0 forced
  readonly logProbs: number[]; // 0 where forced
  state: 'queued' | 'running' | 'waiting' | 'done';
  slot: number;
  /** Number of the first chunk in which the slot runs with what the CPU last decided. */
  runsFrom: number;
}

/** What a chunk leaves for the CPU. */
export interface ChunkResults {
  readonly slots: Uint32Array; // [slots, SLOT_WORDS]
  readonly tokens: Uint32Array; // [slots, MAX_CHUNK, 2], the first of each pair
  readonly logProbs: Float32Array; // the same words, the second of each pair
}

/** A row that waits for a slot. */
export function queuedRow(id: number, prompt: readonly number[]): Row {
  return {
    id,
    tokens: [...prompt],
    lossMask: prompt.map(() => 0),
    logProbs: prompt.map(() => 0),
    state: 'queued',
    slot: -1,
    runsFrom: 0,
  };
}

export function appendForced(row: Row, tokens: readonly number[]): void {
  for (const token of tokens) append(row, token, 0, 0);
}

/** Views of a staging buffer's bytes. */
export function readResults(bytes: ArrayBuffer, slots: number): ChunkResults {
  const slotWords = slots * SLOT_WORDS;
  return {
    slots: new Uint32Array(bytes, 0, slotWords),
    tokens: new Uint32Array(bytes, slotWords * 4),
    logProbs: new Float32Array(bytes, slotWords * 4),
  };
}

/** Append what the row's slot sampled in the chunk. @returns the slot's status, one of `slotStatus` */
export function appendSampled(row: Row, { slots, tokens, logProbs }: ChunkResults): number {
  const at = row.slot * SLOT_WORDS;
  const position = slots[at + 1] ?? 0;
  for (let t = row.tokens.length; t <= position; t++) {
    const place = (row.slot * MAX_CHUNK + (t % MAX_CHUNK)) * 2;
    append(row, tokens[place] ?? 0, 1, logProbs[place + 1] ?? NaN);
  }
  return slots[at + 3] ?? 0;
}

function append(row: Row, token: number, sampled: 0 | 1, logProb: number): void {
  row.tokens.push(token);
  row.lossMask.push(sampled);
  row.logProbs.push(logProb);
}

/** A copy to hand out, which later tokens do not change. */
export function sequenceOf(row: Row): RolloutSequence {
  return {
    id: row.id,
    tokens: Int32Array.from(row.tokens),
    lossMask: Uint8Array.from(row.lossMask),
    logProbs: Float32Array.from(row.logProbs),
  };
}
