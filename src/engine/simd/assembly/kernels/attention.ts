// Causal attention within one sequence, as small matrix products over blocks of queries.
import { words } from '../memory';
import { exp, loadPartial, maxLanes, storePartial, sumLanes } from './lanes';
import { packColumns, packRows } from './panels';
import { product } from './product';

/** Queries that are taken at once. Keys after a query in its block are computed and thrown away. */
export const QUERY_BLOCK: i32 = 16;

/** `count` rounded up to whole panels. */
export function padded(count: i32): i32 {
  return (count + 7) & ~7;
}

/** Floats of scratch that attention and its backward take for sequences of up to `length` tokens. */
export function attentionScratchFloats(length: i32, headDim: i32): i32 {
  const keys = padded(length);
  const channels = padded(headDim);
  return 2 * keys * headDim + channels * length + 2 * QUERY_BLOCK * (keys + channels);
}

/**
 * Pointers are at the sequence's first row. `softmax` keeps each row's largest scaled score and one over the sum of exponentials.
 * // qk [length, (heads + kvHeads) headDim], qkv [length, (heads + 2 kvHeads) headDim] (for v)
 * // -> attended [length, heads headDim], softmax [length, heads, 2]
 */
export function attention(
  qk: usize,
  qkv: usize,
  attended: usize,
  softmax: usize,
  length: i32,
  heads: i32,
  kvHeads: i32,
  headDim: i32,
  scratch: usize,
): void {
  const strideQk = words((heads + kvHeads) * headDim);
  const strideQkv = words((heads + 2 * kvHeads) * headDim);
  const strideOut = words(heads * headDim);
  const strideScores = words(padded(length));
  const keyPanels = scratch; // [length / 8, headDim, 8]
  const valuePanels = keyPanels + strideScores * <usize>headDim; // [headDim / 8, length, 8]
  const scores = valuePanels + words(padded(headDim) * length); // [QUERY_BLOCK, length padded]
  const scale: f32 = 1 / sqrt(<f32>headDim);
  const group = heads / kvHeads;
  for (let kvHead = 0; kvHead < kvHeads; kvHead++) {
    packColumns(qk + words((heads + kvHead) * headDim), strideQk, keyPanels, length, headDim);
    packRows(qkv + words((heads + kvHeads + kvHead) * headDim), strideQkv, valuePanels, headDim, length);
    for (let head = kvHead * group; head < (kvHead + 1) * group; head++) {
      const column = words(head * headDim);
      for (let first = 0; first < length; first += QUERY_BLOCK) {
        const queries = min(QUERY_BLOCK, length - first);
        const keys = first + queries;
        const query = qk + <usize>first * strideQk + column;
        product(
          query,
          strideQk,
          keyPanels,
          words(headDim * 8),
          scores,
          strideScores,
          0,
          queries,
          padded(keys),
          headDim,
        );
        for (let i = 0; i < queries; i++) {
          const row = scores + <usize>i * strideScores;
          const kept = softmax + words(((first + i) * heads + head) * 2);
          exponentials(row, first + i + 1, keys, scale, kept);
        }
        const out = attended + <usize>first * strideOut + column;
        product(
          scores,
          strideScores,
          valuePanels,
          words(length * 8),
          out,
          strideOut,
          0,
          queries,
          headDim,
          keys,
        );
        for (let i = 0; i < queries; i++) {
          const kept = softmax + words(((first + i) * heads + head) * 2);
          scaleRow(out + <usize>i * strideOut, headDim, load<f32>(kept, 4));
        }
      }
    }
  }
}

/**
 * The row's first `count` scores, times `scale`, to weights whose sum is not yet 1, in place; those up to `keys`, in the query's
 * future, become 0.
 */
function exponentials(row: usize, count: i32, keys: i32, scale: f32, kept: usize): void {
  const end = row + words(count & ~3);
  const rest = count & 3;
  let tops = f32x4.splat(-Infinity);
  for (let at = row; at < end; at += 16) tops = f32x4.max(tops, v128.load(at));
  if (rest) tops = f32x4.max(tops, loadPartial(end, rest, -Infinity));
  const top = maxLanes(tops) * scale;
  const sharpness = f32x4.splat(scale);
  const shift = f32x4.splat(top);
  let sums = f32x4.splat(0);
  for (let at = row; at < end; at += 16) {
    const weight = exp(f32x4.sub(f32x4.mul(v128.load(at), sharpness), shift));
    v128.store(at, weight);
    sums = f32x4.add(sums, weight);
  }
  if (rest) {
    const weight = exp(f32x4.sub(f32x4.mul(loadPartial(end, rest, -Infinity), sharpness), shift));
    v128.store(end, weight);
    sums = f32x4.add(sums, weight);
  }
  for (let at = rest ? end + 16 : end; at < row + words(keys); at += 16) v128.store(at, f32x4.splat(0));
  store<f32>(kept, top);
  store<f32>(kept, 1 / sumLanes(sums), 4);
}

/** // x [count] *= factor */
function scaleRow(x: usize, count: i32, factor: f32): void {
  const factors = f32x4.splat(factor);
  const end = x + words(count & ~3);
  for (; x < end; x += 16) v128.store(x, f32x4.mul(v128.load(x), factors));
  const rest = count & 3;
  if (rest) storePartial(x, rest, f32x4.mul(loadPartial(x, rest, 0), factors));
}
