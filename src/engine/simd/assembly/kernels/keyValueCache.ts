// The rollouts' key/value cache of one layer. Keys lie in panels of eight, as a product wants them; values in rows.
import { words } from '../memory';
import { TOKEN_BYTES } from './embedding';

/** Channels of a cached value, padded to pairs of vectors. */
export function valueWidth(headDim: i32): i32 {
  return (headDim + 7) & ~7;
}

/** Floats of one layer's keys for a slot. `positions` is a multiple of eight. // [kvHeads, positions / 8, headDim, 8] */
export function keyFloats(positions: i32, kvHeads: i32, headDim: i32): i32 {
  return kvHeads * positions * headDim;
}

/** Floats of one layer's values for a slot. // [kvHeads, positions, headDim padded] */
export function valueFloats(positions: i32, kvHeads: i32, headDim: i32): i32 {
  return kvHeads * positions * valueWidth(headDim);
}

/**
 * Each row's keys and values to its slot and position.
 * // tokens [rows, 4]: token, position, slot; qk [rows, (heads + kvHeads) headDim], qkv [rows, (heads + 2 kvHeads) headDim]
 */
export function appendToCache(
  qk: usize,
  qkv: usize,
  tokens: usize,
  keys: usize,
  values: usize,
  rows: i32,
  positions: i32,
  heads: i32,
  kvHeads: i32,
  headDim: i32,
): void {
  const keySlot = words(keyFloats(positions, kvHeads, headDim));
  const valueSlot = words(valueFloats(positions, kvHeads, headDim));
  const headBytes = words(headDim);
  const valueBytes = words(valueWidth(headDim));
  qk += <usize>heads * headBytes;
  qkv += <usize>(heads + kvHeads) * headBytes;
  for (let row = 0; row < rows; row++) {
    const position = load<i32>(tokens, 4);
    const slot = <usize>load<i32>(tokens, 8);
    let key = keys + slot * keySlot + words((position >> 3) * headDim * 8 + (position & 7));
    let value = values + slot * valueSlot + <usize>position * valueBytes;
    for (let head = 0; head < kvHeads; head++) {
      for (let j: usize = 0; j < headBytes; j += 4) store<f32>(key + (j << 3), load<f32>(qk + j));
      memory.copy(value, qkv, headBytes);
      key += words(positions * headDim);
      value += <usize>positions * valueBytes;
      qk += headBytes;
      qkv += headBytes;
    }
    qk += <usize>heads * headBytes;
    qkv += <usize>(heads + kvHeads) * headBytes;
    tokens += TOKEN_BYTES;
  }
}

/** The first `count` positions of one slot to another. */
export function copyInCache(
  keys: usize,
  values: usize,
  from: i32,
  to: i32,
  count: i32,
  positions: i32,
  kvHeads: i32,
  headDim: i32,
): void {
  const keySlot = words(keyFloats(positions, kvHeads, headDim));
  const valueSlot = words(valueFloats(positions, kvHeads, headDim));
  const keyBytes = words(((count + 7) & ~7) * headDim);
  const valueBytes = words(count * valueWidth(headDim));
  for (let head = 0; head < kvHeads; head++) {
    const key = keys + words(head * positions * headDim);
    const value = values + words(head * positions * valueWidth(headDim));
    memory.copy(key + <usize>to * keySlot, key + <usize>from * keySlot, keyBytes);
    memory.copy(value + <usize>to * valueSlot, value + <usize>from * valueSlot, valueBytes);
  }
}
