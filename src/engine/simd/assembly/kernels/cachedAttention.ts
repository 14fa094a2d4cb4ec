// Attention of single tokens against their slot's cache, their own key included.
import { words } from '../memory';
import { TOKEN_BYTES } from './embedding';
import { keyFloats, valueFloats, valueWidth } from './keyValueCache';
import { exp, loadPartial, madd, maxLanes, storePartial, sumLanes } from './lanes';
import { productRow } from './product';

/**
 * // qk [rows, (heads + kvHeads) headDim], tokens [rows, 4]: token, position, slot; scratch [positions]
 * // -> attended [rows, heads headDim]
 */
export function cachedAttention(
  qk: usize,
  tokens: usize,
  keys: usize,
  values: usize,
  attended: usize,
  rows: i32,
  positions: i32,
  heads: i32,
  kvHeads: i32,
  headDim: i32,
  scratch: usize,
): void {
  const keySlot = words(keyFloats(positions, kvHeads, headDim));
  const valueSlot = words(valueFloats(positions, kvHeads, headDim));
  const headBytes = words(headDim);
  const keyHead = words(positions * headDim);
  const valueHead = words(positions * valueWidth(headDim));
  const scale: f32 = 1 / sqrt(<f32>headDim);
  const group = heads / kvHeads;
  for (let row = 0; row < rows; row++) {
    const count = load<i32>(tokens, 4) + 1;
    const slot = <usize>load<i32>(tokens, 8);
    for (let head = 0; head < heads; head++) {
      const kvHead = <usize>(head / group);
      const key = keys + slot * keySlot + kvHead * keyHead;
      productRow(qk, 4, key, words(headDim * 8), scratch, 0, count, headDim);
      const inverse = exponentials(scratch, count, scale);
      weightedSum(scratch, values + slot * valueSlot + kvHead * valueHead, attended, count, headDim, inverse);
      qk += headBytes;
      attended += headBytes;
    }
    qk += <usize>kvHeads * headBytes;
    tokens += TOKEN_BYTES;
  }
}

/** Scores to unnormalised weights, in place. @returns one over their sum. // scores [count] */
function exponentials(scores: usize, count: i32, scale: f32): f32 {
  const end = scores + words(count & ~3);
  const rest = count & 3;
  let tops = f32x4.splat(-Infinity);
  for (let at = scores; at < end; at += 16) tops = f32x4.max(tops, v128.load(at));
  if (rest) tops = f32x4.max(tops, loadPartial(end, rest, -Infinity));
  const sharpness = f32x4.splat(scale);
  const shift = f32x4.splat(maxLanes(tops) * scale);
  let sums = f32x4.splat(0);
  for (let at = scores; at < end; at += 16) {
    const weight = exp(f32x4.sub(f32x4.mul(v128.load(at), sharpness), shift));
    v128.store(at, weight);
    sums = f32x4.add(sums, weight);
  }
  if (rest) {
    const weight = exp(f32x4.sub(f32x4.mul(loadPartial(end, rest, -Infinity), sharpness), shift));
    storePartial(end, rest, weight);
    sums = f32x4.add(sums, weight);
  }
  return 1 / sumLanes(sums);
}

/** // weights [count], values [count, headDim padded] -> out [headDim] */
function weightedSum(
  weights: usize,
  values: usize,
  out: usize,
  count: i32,
  headDim: i32,
  inverse: f32,
): void {
  const stride = words(valueWidth(headDim));
  const factor = f32x4.splat(inverse);
  let channel = 0;
  for (; channel + 16 <= headDim; channel += 16) {
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let s2 = s0;
    let s3 = s0;
    let value = values + words(channel);
    for (let t = 0; t < count; t++) {
      const weight = v128.load_splat<f32>(weights + words(t));
      s0 = madd(weight, v128.load(value), s0);
      s1 = madd(weight, v128.load(value, 16), s1);
      s2 = madd(weight, v128.load(value, 32), s2);
      s3 = madd(weight, v128.load(value, 48), s3);
      value += stride;
    }
    const to = out + words(channel);
    v128.store(to, f32x4.mul(s0, factor));
    v128.store(to, f32x4.mul(s1, factor), 16);
    v128.store(to, f32x4.mul(s2, factor), 32);
    v128.store(to, f32x4.mul(s3, factor), 48);
  }
  for (; channel + 8 <= headDim; channel += 8) {
    let s0 = f32x4.splat(0);
    let s1 = s0;
    let value = values + words(channel);
    for (let t = 0; t < count; t++) {
      const weight = v128.load_splat<f32>(weights + words(t));
      s0 = madd(weight, v128.load(value), s0);
      s1 = madd(weight, v128.load(value, 16), s1);
      value += stride;
    }
    const to = out + words(channel);
    v128.store(to, f32x4.mul(s0, factor));
    v128.store(to, f32x4.mul(s1, factor), 16);
  }
  for (; channel < headDim; channel += 4) {
    let sum = f32x4.splat(0);
    let value = values + words(channel);
    for (let t = 0; t < count; t++) {
      sum = madd(v128.load_splat<f32>(weights + words(t)), v128.load(value), sum);
      value += stride;
    }
    sum = f32x4.mul(sum, factor);
    const left = headDim - channel;
    if (left >= 4) v128.store(out + words(channel), sum);
    else storePartial(out + words(channel), left, sum);
  }
}
