/**
 * A rollout's sequences as the CPU knows them, and how a chunk's results, read back from the GPU, bring one up to date.
 */
import type { RolloutSequences, SequenceState } from '../../rolloutSequences.ts';
import { MAX_CHUNK, SLOT_WORDS } from '../memory/rolloutBuffers.ts';

/** Where a sequence is on the GPU. */
export interface Place {
  /** Its slot, -1 before it is admitted. */
  slot: number;
  /** Number of the first chunk in which the slot runs with what the CPU last decided. */
  runsFrom: number;
  /** Tokens that it had when its turn began. */
  turnFrom: number;
}

export type Row = SequenceState & Place;

/** What a chunk leaves for the CPU. */
export interface ChunkResults {
  readonly slots: Uint32Array; // [slots, SLOT_WORDS]
  readonly tokens: Uint32Array; // [slots, MAX_CHUNK, 2], the first of each pair
  readonly logProbs: Float32Array; // the same words, the second of each pair
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

/** Append what the row's slot sampled in the chunk. The GPU froze the slot by the rules by which `sequences` ends a turn. */
export function appendChunk(
  sequences: RolloutSequences<Place>,
  row: Row,
  { slots, tokens, logProbs }: ChunkResults,
): void {
  const position = slots[row.slot * SLOT_WORDS + 1]!;
  for (let t = row.tokens.length; t <= position; t++) {
    const place = (row.slot * MAX_CHUNK + (t % MAX_CHUNK)) * 2;
    sequences.appendSampled(row, tokens[place]!, logProbs[place + 1]!);
  }
}
