/**
 * Packing: sequences laid end to end in rows of tokens, no padding, cut into micro-batches that fit a capacity.
 *
 * A sequence is never split over micro-batches, and its rows are contiguous; attention knows its segment from the row's own
 * start and end. Row t predicts token t + 1, so a target (mask, advantage, log-probabilities of a token) lies one row
 * before its token.
 */
import type { BatchLoss, SftSequence } from '../engine.ts';

/** Words per row of `tokens`: token id, position in its sequence, the segment's first row, one past its last row. */
export const TOKEN_WORDS = 4;
/** Floats per row of `targets`: see `Target` in loss.wgsl. */
export const TARGET_FLOATS = 8;

export interface MicroBatch {
  readonly rows: number;
  readonly tokens: Uint32Array<ArrayBuffer>; // [rows, TOKEN_WORDS]
  readonly targets: Float32Array<ArrayBuffer>; // [rows, TARGET_FLOATS]
  /** Rows sorted by token id, then by row. // [rows] */
  readonly order: Uint32Array<ArrayBuffer>;
  /** Where each token id begins in `order`. // [vocabulary + 1] */
  readonly firstRow: Uint32Array<ArrayBuffer>;
  /** Which sequences of the batch, and the row each begins at. */
  readonly placed: readonly { readonly sequence: number; readonly row: number }[];
}

/**
 * Group sequence numbers greedily, in order, so that each group's tokens fit `capacity`.
 * Throws a sentence if one sequence alone does not fit. Empty sequences are left out.
 */
export function groupByCapacity(lengths: readonly number[], capacity: number): number[][] {
  const groups: number[][] = [];
  let open: number[] = [];
  let used = 0;
  lengths.forEach((length, sequence) => {
    if (length === 0) return;
    if (length > capacity) {
      throw new Error(`A sequence of ${length} tokens is longer than the plan's ${capacity} rows.`);
    }
    if (used + length > capacity) {
      groups.push(open);
      open = [];
      used = 0;
    }
    open.push(sequence);
    used += length;
  });
  if (open.length > 0) groups.push(open);
  return groups;
}

/** Pack the given sequences. Throws a sentence on a token outside the vocabulary. */
export function packSequences(
  sequences: readonly Pick<SftSequence, 'tokens'>[],
  members: readonly number[],
  vocabularySize: number,
): MicroBatch {
  const rows = members.reduce((sum, member) => sum + sequences[member]!.tokens.length, 0);
  const tokens = new Uint32Array(rows * TOKEN_WORDS);
  const firstRow = new Uint32Array(vocabularySize + 1);
  const placed: { sequence: number; row: number }[] = [];
  let row = 0;
  for (const sequence of members) {
    const ids = sequences[sequence]!.tokens;
    placed.push({ sequence, row });
    const start = row;
    for (let t = 0; t < ids.length; t++, row++) {
      const id = ids[t]!;
      if (id < 0 || id >= vocabularySize) {
        throw new Error(`Token ${id} is outside the vocabulary of ${vocabularySize} tokens.`);
      }
      tokens.set([id, t, start, start + ids.length], row * TOKEN_WORDS);
      firstRow[id + 1]!++;
    }
  }
  for (let id = 0; id < vocabularySize; id++) firstRow[id + 1]! += firstRow[id]!;
  const next = firstRow.slice();
  const order = new Uint32Array(rows);
  for (let r = 0; r < rows; r++) {
    const id = tokens[r * TOKEN_WORDS]!;
    order[next[id]!++] = r;
  }
  return { rows, tokens, targets: new Float32Array(rows * TARGET_FLOATS), order, firstRow, placed };
}

/** Fill the micro-batch's targets from the batch. Position 0 of a sequence has none. */
export function writeTargets(micro: MicroBatch, batch: BatchLoss): void {
  const { targets } = micro;
  for (const { sequence, row } of micro.placed) {
    const one = batch.sequences[sequence]!;
    const reference = batch.kind === 'grpo' ? batch.referenceLogProbs?.[sequence] : undefined;
    for (let t = 1; t < one.tokens.length; t++) {
      const at = (row + t - 1) * TARGET_FLOATS;
      targets[at] = one.lossMask[t] ? 1 : 0;
      if (!('advantage' in one)) continue;
      targets[at + 1] = one.advantage;
      targets[at + 2] = one.oldLogProbs[t]!;
      targets[at + 3] = one.samplerLogProbs[t]!;
      targets[at + 4] = reference === undefined ? 0 : reference[t]!;
    }
  }
}

/** Masked-in tokens of the whole batch; position 0 never counts. Throws a sentence on a malformed or empty batch. */
export function countMasked(batch: BatchLoss): number {
  let count = 0;
  for (const { tokens, lossMask } of batch.sequences) {
    if (tokens.length !== lossMask.length) throw new Error("A sequence's mask is not as long as its tokens.");
    for (let t = 1; t < tokens.length; t++) count += lossMask[t] ? 1 : 0;
  }
  if (count === 0)
    throw new Error('No token of the batch is in the loss mask, so there is nothing to learn.');
  if (batch.kind === 'grpo') {
    for (const { tokens, oldLogProbs, samplerLogProbs } of batch.sequences) {
      if (tokens.length !== oldLogProbs.length || tokens.length !== samplerLogProbs.length) {
        throw new Error("A sequence's log-probabilities are not as many as its tokens.");
      }
    }
    const { objective, sequences, referenceLogProbs } = batch;
    const isComplete = sequences.every(({ tokens }, i) => referenceLogProbs?.[i]?.length === tokens.length);
    if (objective.klCoefficient > 0 && !isComplete) {
      throw new Error('A KL penalty needs referenceLogProbs for every token of every sequence of the batch.');
    }
  }
  return count;
}
