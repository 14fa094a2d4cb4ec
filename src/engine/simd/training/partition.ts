/**
 * How a batch is cut for threads: sequences dealt to gradient slots, each slot's cut into micro-batches that stay in the cache.
 *
 * The cut depends on the sequences alone and never on how many threads there are: each slot's micro-batches are added up in order by
 * one thread, and the slots in order after that, so the gradient has the same bits for one thread and for many.
 */
import { groupByCapacity } from '../../layout/packing.ts';

/** Tokens of a micro-batch, unless one sequence alone has more. */
export const MICRO_BATCH_ROWS = 384;
/** Gradients that are summed apart: more threads than this do not help, and each costs memory and a sum. */
export const MAX_SLOTS = 8;
/** Tokens that make a slot worth its while. */
const SLOT_ROWS = 128;

/** A contiguous range of the packed batch's rows: whole sequences. */
export interface RowRange {
  readonly first: number;
  readonly rows: number;
}

/** @param lengths tokens of each sequence. // [slots][micro-batches] */
export function partition(lengths: readonly number[]): RowRange[][] {
  const total = lengths.reduce((a, b) => a + b, 0);
  const longest = lengths.reduce((a, b) => Math.max(a, b), 0);
  // A power of two, for two, four or eight threads.
  const slotCount = Math.min(MAX_SLOTS, 2 ** Math.max(0, Math.floor(Math.log2(total / SLOT_ROWS))));
  const dealt: number[][] = Array.from({ length: slotCount }, () => []);
  let row = 0;
  for (const length of lengths) {
    if (length === 0) continue;
    dealt[Math.floor(((row + length / 2) * slotCount) / total)]!.push(length);
    row += length;
  }
  let first = 0;
  return dealt
    .filter((own) => own.length > 0)
    .map((own) =>
      groupByCapacity(own, Math.max(longest, MICRO_BATCH_ROWS)).map((members) => {
        const rows = members.reduce((sum, member) => sum + own[member]!, 0);
        first += rows;
        return { first: first - rows, rows };
      }),
    );
}
