// The gradient of attention.ts. Probabilities are computed again from the kept maximum and sum instead of being stored:
// dV = P^T dO;  dS = P (dP - sum(P dP)) scale with dP = dO V^T;  dQ = dS K;  dK = dS^T Q.
import { words } from '../memory';
import { padded, QUERY_BLOCK } from './attention';
import { exp, loadPartial, madd, sumLanes } from './lanes';
import { packColumns, packRows } from './panels';
import { product, transposedProduct } from './product';

/**
 * Pointers are at the sequence's first row; `softmax` is `attention`'s.
 * // qk, qkv like `attention`'s, dAttended [length, heads headDim] -> dQkv like qkv, its q and k parts after RoPE
 */
export function attentionBackward(
  qk: usize,
  qkv: usize,
  softmax: usize,
  dAttended: usize,
  dQkv: usize,
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
  const panelBytes = words(headDim * 8);
  const keyPanels = scratch; // K^T [length / 8, headDim, 8]
  const valuePanels = keyPanels + strideScores * <usize>headDim; // V^T, the same
  const keyRows = valuePanels + strideScores * <usize>headDim; // K [headDim / 8, length, 8]
  const weights = keyRows + words(padded(headDim) * length); // P [QUERY_BLOCK, length padded]
  const slopes = weights + <usize>QUERY_BLOCK * strideScores; // dP, then dS: the same
  const queryPanels = slopes + <usize>QUERY_BLOCK * strideScores; // Q [headDim / 8, QUERY_BLOCK, 8]
  const outPanels = queryPanels + words(padded(headDim) * QUERY_BLOCK); // dO, the same
  const scale: f32 = 1 / sqrt(<f32>headDim);
  const group = heads / kvHeads;
  memory.fill(dQkv, 0, <usize>length * strideQkv);
  for (let kvHead = 0; kvHead < kvHeads; kvHead++) {
    const key = qk + words((heads + kvHead) * headDim);
    const valueColumn = words((heads + kvHeads + kvHead) * headDim);
    const dKey = dQkv + words((heads + kvHead) * headDim);
    const dValue = dQkv + valueColumn;
    packColumns(key, strideQk, keyPanels, length, headDim);
    packColumns(qkv + valueColumn, strideQkv, valuePanels, length, headDim);
    packRows(key, strideQk, keyRows, headDim, length);
    for (let head = kvHead * group; head < (kvHead + 1) * group; head++) {
      const column = words(head * headDim);
      for (let first = 0; first < length; first += QUERY_BLOCK) {
        const queries = min(QUERY_BLOCK, length - first);
        const keys = first + queries;
        const columns = padded(keys);
        const query = qk + <usize>first * strideQk + column;
        const dOut = dAttended + <usize>first * strideOut + column;
        product(query, strideQk, keyPanels, panelBytes, weights, strideScores, 0, queries, columns, headDim);
        product(dOut, strideOut, valuePanels, panelBytes, slopes, strideScores, 0, queries, columns, headDim);
        for (let i = 0; i < queries; i++) {
          const row = <usize>i * strideScores;
          const kept = softmax + words(((first + i) * heads + head) * 2);
          scoreGradient(weights + row, slopes + row, first + i + 1, keys, scale, kept);
        }
        const dQuery = dQkv + <usize>first * strideQkv + column;
        product(
          slopes,
          strideScores,
          keyRows,
          words(length * 8),
          dQuery,
          strideQkv,
          0,
          queries,
          headDim,
          keys,
        );
        packRows(query, strideQk, queryPanels, headDim, queries);
        transposedProduct(slopes, strideScores, queryPanels, dKey, strideQkv, dKey, keys, headDim, queries);
        packRows(dOut, strideOut, outPanels, headDim, queries);
        transposedProduct(
          weights,
          strideScores,
          outPanels,
          dValue,
          strideQkv,
          dValue,
          keys,
          headDim,
          queries,
        );
      }
    }
  }
}

/** One query: scores become probabilities, dP becomes dS; both 0 from `count` to `keys`, in the query's future. */
function scoreGradient(weights: usize, slopes: usize, count: i32, keys: i32, scale: f32, kept: usize): void {
  const whole = words(count & ~3);
  const rest = count & 3;
  const sharpness = f32x4.splat(scale);
  const top = f32x4.splat(load<f32>(kept));
  const inverse = f32x4.splat(load<f32>(kept, 4));
  let sums = f32x4.splat(0);
  for (let at: usize = 0; at < whole; at += 16) {
    const score = f32x4.sub(f32x4.mul(v128.load(weights + at), sharpness), top);
    const weight = f32x4.mul(exp(score), inverse);
    v128.store(weights + at, weight);
    sums = madd(weight, v128.load(slopes + at), sums);
  }
  if (rest) {
    const score = f32x4.sub(f32x4.mul(loadPartial(weights + whole, rest, -Infinity), sharpness), top);
    const weight = f32x4.mul(exp(score), inverse);
    v128.store(weights + whole, weight);
    v128.store(slopes + whole, loadPartial(slopes + whole, rest, 0));
    sums = madd(weight, v128.load(slopes + whole), sums);
  }
  const mean = f32x4.splat(sumLanes(sums));
  const written = rest ? whole + 16 : whole;
  for (let at: usize = 0; at < written; at += 16) {
    const slope = f32x4.mul(v128.load(weights + at), f32x4.sub(v128.load(slopes + at), mean));
    v128.store(slopes + at, f32x4.mul(slope, sharpness));
  }
  for (let at = written; at < words(keys); at += 16) {
    v128.store(weights + at, f32x4.splat(0));
    v128.store(slopes + at, f32x4.splat(0));
  }
}
