/**
 * How a batch is cut for threads: micro-batches that stay in the cache, dealt to gradient slots.
 *
 * The cut depends on the sequences alone and never on how many threads there are: each slot's micro-batches are added up in order by
 * one thread, and the slots in order after that, so the gradient has the same bits for one thread and for many.
 */
import { groupByCapacity } from '../../layout/packing.ts';

/** Tokens of a micro-batch, unless one sequence alone has more. */
export const MICRO_BATCH_ROWS = 384;
/** Gradients that are summed apart: more threads than this do not help, and each costs memory and a sum. */
export const MAX_SLOTS = 8;

/** A contiguous range of the packed batch's rows: whole sequences. */
export interface RowRange {
  readonly first: number;
  readonly rows: number;
}

/** @param lengths tokens of each sequence. // [slots][micro-batches] */
export function partition(lengths: readonly number[]): RowRange[][] {
  const longest = lengths.reduce((a, b) => Math.max(a, b), 0);
  let first = 0;
  const ranges = groupByCapacity(lengths, Math.max(longest, MICRO_BATCH_ROWS)).map((members) => {
    const rows = members.reduce((sum, member) => sum + lengths[member]!, 0);
    first += rows;
    return { first: first - rows, rows };
  });
  const slotCount = Math.min(MAX_SLOTS, ranges.length);
  const slots: RowRange[][] = Array.from({ length: slotCount }, () => []);
  ranges.forEach((range, i) => slots[Math.floor((i * slotCount) / ranges.length)]!.push(range));
  return slots;
}
