// What a thread does with a micro-batch: a contiguous range of a batch's rows, whole sequences only.
import { TOKEN_BYTES } from '../kernels/embedding';
import { loss, STATS_BYTES, TARGET_BYTES } from '../kernels/loss';
import { backward } from './backward';
import { forward } from './forward';
import { Model } from './model';
import { Workspace } from './workspace';

/** Weights as the kernels read them. */
@unmanaged
export class Weights {
  flat: usize;
  forward: usize; // packForward's
  backward: usize; // packBackward's; 0 where nothing trains
}

/** A batch: all rows of all sequences. */
@unmanaged
export class Batch {
  tokens: usize; // [rows, 4]
  targets: usize; // [rows, 8]
  rowStats: usize; // [rows, 8]
  objective: usize;
}

export function createWeights(flat: usize, forward: usize, backward: usize): usize {
  const weights = new Weights();
  weights.flat = flat;
  weights.forward = forward;
  weights.backward = backward;
  return changetype<usize>(weights);
}

export function createBatch(tokens: usize, targets: usize, rowStats: usize, objective: usize): usize {
  const batch = new Batch();
  batch.tokens = tokens;
  batch.targets = targets;
  batch.rowStats = rowStats;
  batch.objective = objective;
  return changetype<usize>(batch);
}

/** Logits of the rows, in the workspace. */
export function forwardRows(
  model: usize,
  weights: usize,
  batch: usize,
  workspace: usize,
  firstRow: i32,
  rows: i32,
): void {
  const w = changetype<Weights>(weights);
  const tokens = changetype<Batch>(batch).tokens + <usize>firstRow * TOKEN_BYTES;
  forward(
    changetype<Model>(model),
    w.flat,
    w.forward,
    changetype<Workspace>(workspace),
    tokens,
    firstRow,
    rows,
  );
}

/** The batch's objective on the rows: their statistics, and with a `gradient` their share of it, added to what is there. */
export function lossRows(
  model: usize,
  weights: usize,
  batch: usize,
  workspace: usize,
  gradient: usize,
  firstRow: i32,
  rows: i32,
): void {
  const m = changetype<Model>(model);
  const b = changetype<Batch>(batch);
  const w = changetype<Workspace>(workspace);
  const tokens = b.tokens + <usize>firstRow * TOKEN_BYTES;
  forwardRows(model, weights, batch, workspace, firstRow, rows);
  loss(
    b.objective,
    tokens,
    b.targets + <usize>firstRow * TARGET_BYTES,
    w.logits,
    b.rowStats + <usize>firstRow * STATS_BYTES,
    rows,
    firstRow,
    m.vocabulary,
    m.vocabularyStride,
  );
  if (!gradient) return;
  const held = changetype<Weights>(weights);
  backward(m, held.flat, held.backward, w, gradient, tokens, firstRow, rows);
}
