// RMSNorm of each query and key head over headDim, then rotate-half RoPE, and the gradients of both.
import { words } from '../memory';
import { TOKEN_BYTES } from './embedding';
import { loadPartial, storePartial } from './lanes';
import { sumProducts } from './rmsNorm';

/**
 * // qkv [rows, (heads + 2 kvHeads) headDim], weight [2, headDim]: q_norm, k_norm; rope [positions, headDim / 2, 2]: cos, sin
 * // -> qk [rows, (heads + kvHeads) headDim], inverseRms [rows, heads + kvHeads]
 */
export function qkNormRope(
  qkv: usize,
  weight: usize,
  rope: usize,
  tokens: usize,
  qk: usize,
  inverseRms: usize,
  rows: i32,
  heads: i32,
  kvHeads: i32,
  headDim: i32,
  epsilon: f32,
): void {
  const headBytes = words(headDim);
  for (let row = 0; row < rows; row++) {
    const turns = rope + <usize>load<i32>(tokens, 4) * headBytes;
    for (let head = 0; head < heads + kvHeads; head++) {
      const scale: f32 = 1 / sqrt(sumProducts(qkv, qkv, headDim) / <f32>headDim + epsilon);
      store<f32>(inverseRms, scale);
      normAndTurn(qkv, head < heads ? weight : weight + headBytes, turns, qk, headDim, scale);
      qkv += headBytes;
      qk += headBytes;
      inverseRms += 4;
    }
    qkv += <usize>kvHeads * headBytes;
    tokens += TOKEN_BYTES;
  }
}

/** One head: x s w, then channels j and j + headDim / 2 turned by the position's angle. // x [headDim] -> y [headDim] */
export function normAndTurn(x: usize, weight: usize, turns: usize, y: usize, headDim: i32, scale: f32): void {
  const half = headDim >> 1;
  const halfBytes = words(half);
  const factor = f32x4.splat(scale);
  for (let j = 0; j < half; j += 4) {
    const count = min(4, half - j);
    const at = words(j);
    const low = f32x4.mul(f32x4.mul(lanes(x + at, count), factor), lanes(weight + at, count));
    const high = f32x4.mul(
      f32x4.mul(lanes(x + at + halfBytes, count), factor),
      lanes(weight + at + halfBytes, count),
    );
    const cos = cosines(turns + 2 * at, count);
    const sin = sines(turns + 2 * at, count);
    put(y + at, count, f32x4.sub(f32x4.mul(low, cos), f32x4.mul(high, sin)));
    put(y + at + halfBytes, count, f32x4.add(f32x4.mul(high, cos), f32x4.mul(low, sin)));
  }
}

/**
 * In place: the q and k parts of dQkv come in after RoPE and leave before the norm; v's are untouched. dWeight is added to.
 * // dQkv, qkv [rows, (heads + 2 kvHeads) headDim], inverseRms [rows, heads + kvHeads], weight and dWeight [2, headDim]
 */
export function qkNormRopeBackward(
  qkv: usize,
  weight: usize,
  rope: usize,
  tokens: usize,
  inverseRms: usize,
  dQkv: usize,
  dWeight: usize,
  rows: i32,
  heads: i32,
  kvHeads: i32,
  headDim: i32,
): void {
  const headBytes = words(headDim);
  for (let row = 0; row < rows; row++) {
    const turns = rope + <usize>load<i32>(tokens, 4) * headBytes;
    for (let head = 0; head < heads + kvHeads; head++) {
      const which = head < heads ? 0 : headBytes;
      turnBack(dQkv, turns, headDim);
      normBackward(qkv, weight + which, load<f32>(inverseRms), dQkv, dWeight + which, headDim);
      qkv += headBytes;
      dQkv += headBytes;
      inverseRms += 4;
    }
    qkv += <usize>kvHeads * headBytes;
    dQkv += <usize>kvHeads * headBytes;
    tokens += TOKEN_BYTES;
  }
}

/** The inverse turn, which is the gradient of a turn. // dy [headDim], in place */
function turnBack(dy: usize, turns: usize, headDim: i32): void {
  const half = headDim >> 1;
  const halfBytes = words(half);
  for (let j = 0; j < half; j += 4) {
    const count = min(4, half - j);
    const low = dy + words(j);
    const high = low + halfBytes;
    const cos = cosines(turns + words(2 * j), count);
    const sin = sines(turns + words(2 * j), count);
    const dLow = lanes(low, count);
    const dHigh = lanes(high, count);
    put(low, count, f32x4.add(f32x4.mul(dLow, cos), f32x4.mul(dHigh, sin)));
    put(high, count, f32x4.sub(f32x4.mul(dHigh, cos), f32x4.mul(dLow, sin)));
  }
}

/** rmsNormBackward of one head, in place. // x, weight, dy, dWeight [headDim] */
function normBackward(x: usize, weight: usize, scale: f32, dy: usize, dWeight: usize, headDim: i32): void {
  const factor = f32x4.splat(scale);
  let sum: f32 = 0;
  for (let j = 0; j < headDim; j += 4) {
    const count = min(4, headDim - j);
    const at = words(j);
    const dyx = f32x4.mul(lanes(dy + at, count), lanes(x + at, count));
    const dyxw = f32x4.mul(dyx, lanes(weight + at, count));
    sum +=
      f32x4.extract_lane(dyxw, 0) +
      f32x4.extract_lane(dyxw, 1) +
      (f32x4.extract_lane(dyxw, 2) + f32x4.extract_lane(dyxw, 3));
    put(dWeight + at, count, f32x4.add(lanes(dWeight + at, count), f32x4.mul(dyx, factor)));
  }
  const pull = f32x4.splat((sum * scale * scale) / <f32>headDim);
  for (let j = 0; j < headDim; j += 4) {
    const count = min(4, headDim - j);
    const at = words(j);
    const dyw = f32x4.mul(lanes(dy + at, count), lanes(weight + at, count));
    put(dy + at, count, f32x4.mul(factor, f32x4.sub(dyw, f32x4.mul(lanes(x + at, count), pull))));
  }
}

/** The cosines of pairs (cos, sin). */
function cosines(turns: usize, count: i32): v128 {
  if (count === 4) return v128.shuffle<f32>(v128.load(turns), v128.load(turns, 16), 0, 2, 4, 6);
  return v128.shuffle<f32>(lanes(turns, min(4, 2 * count)), lanes(turns + 16, 2 * count - 4), 0, 2, 4, 6);
}

function sines(turns: usize, count: i32): v128 {
  if (count === 4) return v128.shuffle<f32>(v128.load(turns), v128.load(turns, 16), 1, 3, 5, 7);
  return v128.shuffle<f32>(lanes(turns, min(4, 2 * count)), lanes(turns + 16, 2 * count - 4), 1, 3, 5, 7);
}

function lanes(address: usize, count: i32): v128 {
  return count >= 4 ? v128.load(address) : loadPartial(address, count, 0);
}

function put(address: usize, count: i32, x: v128): void {
  if (count >= 4) v128.store(address, x);
  else storePartial(address, count, x);
}
