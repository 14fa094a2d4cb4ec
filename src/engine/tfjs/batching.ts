/**
 * Packing: lists of sequences of any length -> padded rectangles of bounded size.
 *
 * Invariants. (1) Every sequence appears in exactly one micro-batch, whole. (2) Times are multiples of 16 and row counts come from a short
 * list, so a GPU backend sees few different buffer sizes and can reuse them. (3) Position p of a row holds token p and
 * predicts token p + 1; cells that hold no token predict token 0 and carry no weight.
 */

export interface PackingLimits {
  /** Padded tokens in one micro-batch. */
  readonly tokens: number;
  /** Attention scores (rows * heads * time²) in one micro-batch. */
  readonly attentionScores: number;
}

export interface MicroBatch {
  readonly rows: number; // padded
  readonly time: number; // padded
  /** Row r holds sequences[members[r]]; rows beyond are padding. */
  readonly members: readonly number[];
  readonly tokens: Int32Array; // [rows * time]
  readonly targets: Int32Array; // [rows * time]
}

const TIME_BUCKET = 16;

export function bucketTime(tokens: number): number {
  return Math.max(TIME_BUCKET, Math.ceil(tokens / TIME_BUCKET) * TIME_BUCKET);
}

/** The least of 1, 2, 3, 4, 6, 8, 12, 16, 24, 32, ... that holds `rows`: at most a third is padding. */
export function bucketRows(rows: number): number {
  let bucket = 1;
  while (bucket < rows) {
    if (bucket > 1 && bucket * 1.5 >= rows) return bucket * 1.5;
    bucket *= 2;
  }
  return bucket;
}

/**
 * Longest sequences first, so that rows of one micro-batch are of like length.
 * @param lengths tokens of each sequence, at least 1
 */
export function packSequences(
  sequences: readonly { readonly tokens: Int32Array }[],
  heads: number,
  limits: PackingLimits,
): MicroBatch[] {
  const order = sequences.map((_, index) => index);
  const lengthOf = (index: number) => sequences[index]!.tokens.length;
  order.sort((a, b) => lengthOf(b) - lengthOf(a) || a - b);
  const batches: MicroBatch[] = [];
  for (let start = 0; start < order.length;) {
    const time = bucketTime(lengthOf(order[start]!) - 1);
    const byAttention = Math.floor(limits.attentionScores / (heads * time * time));
    const most = Math.max(1, Math.min(Math.floor(limits.tokens / time), byAttention));
    const members = order.slice(start, start + floorToBucket(most));
    batches.push(fill(sequences, members, time));
    start += members.length;
  }
  return batches;
}

function floorToBucket(rows: number): number {
  let bucket = rows;
  while (bucketRows(bucket) > rows) bucket--;
  return bucket;
}

function fill(
  sequences: readonly { readonly tokens: Int32Array }[],
  members: readonly number[],
  time: number,
): MicroBatch {
  const rows = bucketRows(members.length);
  const tokens = new Int32Array(rows * time);
  const targets = new Int32Array(rows * time);
  members.forEach((member, row) => {
    const source = sequences[member]!.tokens;
    const predictors = source.length - 1; // the last token predicts nothing
    tokens.set(source.subarray(0, Math.max(predictors, 1)), row * time);
    targets.set(source.subarray(1), row * time);
  });
  return { rows, time, members, tokens, targets };
}

/** Spread one number per token of each sequence over the rectangle: cell p gets the value of the token it predicts. */
export function scatterToCells(
  batch: MicroBatch,
  valueOf: (member: number, token: number) => number,
  lengthOf: (member: number) => number,
): Float32Array {
  const cells = new Float32Array(batch.rows * batch.time);
  batch.members.forEach((member, row) => {
    const length = lengthOf(member);
    for (let token = 1; token < length; token++) cells[row * batch.time + token - 1] = valueOf(member, token);
  });
  return cells;
}
