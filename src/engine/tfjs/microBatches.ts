/**
 * Micro-batches: lists of sequences of any length -> padded rectangles of bounded size.
 *
 * Cell t of a row holds token t and predicts token t + 1. Padding is on the right, where causal attention hides it from every
 * real token. Times are multiples of 16, so that a GPU backend, which keeps the buffers it has made, makes them in few sizes.
 */
import type { Cells } from './model.ts';

const TIME_STEP = 16;

export interface MicroBatch extends Cells {
  /** Row r holds sequence number members[r] of the batch. // [rows] */
  readonly members: readonly number[];
  readonly targets: Int32Array; // [rows * time]
}

/** Times are multiples of this. */
const padded = (tokens: number) => Math.max(1, Math.ceil(tokens / TIME_STEP)) * TIME_STEP;

/**
 * Cut a batch, in order, into micro-batches: every sequence whole and in exactly one.
 * @param most cells of one micro-batch; a longer sequence gets one to itself
 */
export function microBatches(
  sequences: readonly { readonly tokens: Int32Array }[],
  most: number,
): MicroBatch[] {
  const groups: { members: number[]; time: number }[] = [];
  sequences.forEach(({ tokens }, sequence) => {
    const open = groups.at(-1);
    const time = Math.max(open?.time ?? 0, padded(tokens.length));
    if (open && (open.members.length + 1) * time <= most) {
      open.members.push(sequence);
      open.time = time;
    } else groups.push({ members: [sequence], time: padded(tokens.length) });
  });
  return groups.map(({ members, time }) => fill(sequences, members, time));
}

function fill(
  sequences: readonly { readonly tokens: Int32Array }[],
  members: readonly number[],
  time: number,
): MicroBatch {
  const rows = members.length;
  const tokens = new Int32Array(rows * time);
  const targets = new Int32Array(rows * time);
  members.forEach((member, row) => {
    const source = sequences[member]!.tokens;
    tokens.set(source, row * time);
    targets.set(source.subarray(1), row * time);
  });
  return { rows, time, members, tokens, targets, positions: targets.map((_, cell) => cell % time) };
}

/** One number a cell: that of the token which the cell predicts, 0 where it predicts none. // [rows * time] */
export function toCells(
  { members, rows, time }: MicroBatch,
  sequences: readonly { readonly tokens: Int32Array }[],
  valueOf: (member: number, token: number) => number,
): Float32Array {
  const cells = new Float32Array(rows * time);
  members.forEach((member, row) => {
    const { length } = sequences[member]!.tokens;
    for (let token = 1; token < length; token++) cells[row * time + token - 1] = valueOf(member, token);
  });
  return cells;
}
