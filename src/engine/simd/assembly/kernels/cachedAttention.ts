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

/**
 * As many channels at a time as keep eight sums, or nearly, under way. Reads the padding of the values, writes `headDim` channels.
 * // weights [count], values [count, headDim padded] -> out [headDim]
 */
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
  for (let channel = 0; channel < headDim; channel += 32) {
    const left = headDim - channel;
    const at = words(channel);
    if (left > 24) sum32(weights, values + at, out + at, count, left, stride, factor);
    else if (left > 16) sum24(weights, values + at, out + at, count, left, stride, factor);
    else if (left > 8) sum16(weights, values + at, out + at, count, left, stride, factor);
    else sum8(weights, values + at, out + at, count, left, stride, factor);
  }
}

function sum32(
  weights: usize,
  values: usize,
  out: usize,
  count: i32,
  left: i32,
  stride: usize,
  factor: v128,
): void {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let s4 = s0;
  let s5 = s0;
  let s6 = s0;
  let s7 = s0;
  for (let t = 0; t < count; t++) {
    const weight = v128.load_splat<f32>(weights);
    s0 = madd(weight, v128.load(values), s0);
    s1 = madd(weight, v128.load(values, 16), s1);
    s2 = madd(weight, v128.load(values, 32), s2);
    s3 = madd(weight, v128.load(values, 48), s3);
    s4 = madd(weight, v128.load(values, 64), s4);
    s5 = madd(weight, v128.load(values, 80), s5);
    s6 = madd(weight, v128.load(values, 96), s6);
    s7 = madd(weight, v128.load(values, 112), s7);
    weights += 4;
    values += stride;
  }
  put(out, left, f32x4.mul(s0, factor));
  put(out + 16, left - 4, f32x4.mul(s1, factor));
  put(out + 32, left - 8, f32x4.mul(s2, factor));
  put(out + 48, left - 12, f32x4.mul(s3, factor));
  put(out + 64, left - 16, f32x4.mul(s4, factor));
  put(out + 80, left - 20, f32x4.mul(s5, factor));
  put(out + 96, left - 24, f32x4.mul(s6, factor));
  put(out + 112, left - 28, f32x4.mul(s7, factor));
}

function sum24(
  weights: usize,
  values: usize,
  out: usize,
  count: i32,
  left: i32,
  stride: usize,
  factor: v128,
): void {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let s4 = s0;
  let s5 = s0;
  for (let t = 0; t < count; t++) {
    const weight = v128.load_splat<f32>(weights);
    s0 = madd(weight, v128.load(values), s0);
    s1 = madd(weight, v128.load(values, 16), s1);
    s2 = madd(weight, v128.load(values, 32), s2);
    s3 = madd(weight, v128.load(values, 48), s3);
    s4 = madd(weight, v128.load(values, 64), s4);
    s5 = madd(weight, v128.load(values, 80), s5);
    weights += 4;
    values += stride;
  }
  put(out, left, f32x4.mul(s0, factor));
  put(out + 16, left - 4, f32x4.mul(s1, factor));
  put(out + 32, left - 8, f32x4.mul(s2, factor));
  put(out + 48, left - 12, f32x4.mul(s3, factor));
  put(out + 64, left - 16, f32x4.mul(s4, factor));
  put(out + 80, left - 20, f32x4.mul(s5, factor));
}

/** Two keys at a time. */
function sum16(
  weights: usize,
  values: usize,
  out: usize,
  count: i32,
  left: i32,
  stride: usize,
  factor: v128,
): void {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let s2 = s0;
  let s3 = s0;
  let t0 = s0;
  let t1 = s0;
  let t2 = s0;
  let t3 = s0;
  let t = 0;
  for (; t + 2 <= count; t += 2) {
    const weight = v128.load_splat<f32>(weights);
    const second = v128.load_splat<f32>(weights, 4);
    const next = values + stride;
    s0 = madd(weight, v128.load(values), s0);
    s1 = madd(weight, v128.load(values, 16), s1);
    s2 = madd(weight, v128.load(values, 32), s2);
    s3 = madd(weight, v128.load(values, 48), s3);
    t0 = madd(second, v128.load(next), t0);
    t1 = madd(second, v128.load(next, 16), t1);
    t2 = madd(second, v128.load(next, 32), t2);
    t3 = madd(second, v128.load(next, 48), t3);
    weights += 8;
    values = next + stride;
  }
  if (t < count) {
    const weight = v128.load_splat<f32>(weights);
    s0 = madd(weight, v128.load(values), s0);
    s1 = madd(weight, v128.load(values, 16), s1);
    s2 = madd(weight, v128.load(values, 32), s2);
    s3 = madd(weight, v128.load(values, 48), s3);
  }
  put(out, left, f32x4.mul(f32x4.add(s0, t0), factor));
  put(out + 16, left - 4, f32x4.mul(f32x4.add(s1, t1), factor));
  put(out + 32, left - 8, f32x4.mul(f32x4.add(s2, t2), factor));
  put(out + 48, left - 12, f32x4.mul(f32x4.add(s3, t3), factor));
}

/** Two keys at a time. */
function sum8(
  weights: usize,
  values: usize,
  out: usize,
  count: i32,
  left: i32,
  stride: usize,
  factor: v128,
): void {
  let s0 = f32x4.splat(0);
  let s1 = s0;
  let t0 = s0;
  let t1 = s0;
  let t = 0;
  for (; t + 2 <= count; t += 2) {
    const weight = v128.load_splat<f32>(weights);
    const second = v128.load_splat<f32>(weights, 4);
    const next = values + stride;
    s0 = madd(weight, v128.load(values), s0);
    s1 = madd(weight, v128.load(values, 16), s1);
    t0 = madd(second, v128.load(next), t0);
    t1 = madd(second, v128.load(next, 16), t1);
    weights += 8;
    values = next + stride;
  }
  if (t < count) {
    const weight = v128.load_splat<f32>(weights);
    s0 = madd(weight, v128.load(values), s0);
    s1 = madd(weight, v128.load(values, 16), s1);
  }
  put(out, left, f32x4.mul(f32x4.add(s0, t0), factor));
  put(out + 16, left - 4, f32x4.mul(f32x4.add(s1, t1), factor));
}

/** The first `left` of four channels, or all. */
function put(out: usize, left: i32, x: v128): void {
  if (left >= 4) v128.store(out, x);
  else if (left > 0) storePartial(out, left, x);
}
