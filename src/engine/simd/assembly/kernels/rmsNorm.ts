// RMSNorm with the epsilon inside the root: y = x w / sqrt(mean(x^2) + epsilon), and its gradients.
import { words } from '../memory';
import { loadPartial, madd, storePartial, sumLanes } from './lanes';

/** // x [rows, d], weight [d] -> y [rows, d], inverseRms [rows] */
export function rmsNorm(
  x: usize,
  weight: usize,
  y: usize,
  inverseRms: usize,
  rows: i32,
  d: i32,
  epsilon: f32,
): void {
  const bytes = words(d);
  const whole = words(d & ~3);
  const rest = d & 3;
  for (let row = 0; row < rows; row++) {
    const scale: f32 = 1 / sqrt(sumProducts(x, x, d) / <f32>d + epsilon);
    store<f32>(inverseRms, scale);
    const factor = f32x4.splat(scale);
    for (let i: usize = 0; i < whole; i += 16) {
      v128.store(y + i, f32x4.mul(f32x4.mul(v128.load(x + i), factor), v128.load(weight + i)));
    }
    if (rest) {
      const normed = f32x4.mul(loadPartial(x + whole, rest, 0), factor);
      storePartial(y + whole, rest, f32x4.mul(normed, loadPartial(weight + whole, rest, 0)));
    }
    x += bytes;
    y += bytes;
    inverseRms += 4;
  }
}

/**
 * dx = s (dy w - x s^2 mean(dy w x)) with s = inverseRms, added to what is there when `add`; dWeight += the sum over rows of dy x s.
 * // dy [rows, d], x [rows, d], weight [d], inverseRms [rows] -> dx [rows, d], dWeight [d]
 */
export function rmsNormBackward(
  dy: usize,
  x: usize,
  weight: usize,
  inverseRms: usize,
  dx: usize,
  dWeight: usize,
  rows: i32,
  d: i32,
  add: bool,
): void {
  const bytes = words(d);
  const whole = words(d & ~3);
  const rest = d & 3;
  for (let row = 0; row < rows; row++) {
    const scale = load<f32>(inverseRms);
    const factor = f32x4.splat(scale);
    let sums = f32x4.splat(0);
    for (let i: usize = 0; i < whole; i += 16) {
      const dyx = f32x4.mul(v128.load(dy + i), v128.load(x + i));
      sums = madd(dyx, v128.load(weight + i), sums);
      v128.store(dWeight + i, madd(dyx, factor, v128.load(dWeight + i)));
    }
    if (rest) {
      const dyx = f32x4.mul(loadPartial(dy + whole, rest, 0), loadPartial(x + whole, rest, 0));
      sums = madd(dyx, loadPartial(weight + whole, rest, 0), sums);
      storePartial(dWeight + whole, rest, madd(dyx, factor, loadPartial(dWeight + whole, rest, 0)));
    }
    const pull = f32x4.splat((sumLanes(sums) * scale * scale) / <f32>d);
    for (let i: usize = 0; i < whole; i += 16) {
      const dyw = f32x4.mul(v128.load(dy + i), v128.load(weight + i));
      const own = f32x4.mul(factor, f32x4.sub(dyw, f32x4.mul(v128.load(x + i), pull)));
      v128.store(dx + i, add ? f32x4.add(own, v128.load(dx + i)) : own);
    }
    if (rest) {
      const dyw = f32x4.mul(loadPartial(dy + whole, rest, 0), loadPartial(weight + whole, rest, 0));
      const own = f32x4.mul(factor, f32x4.sub(dyw, f32x4.mul(loadPartial(x + whole, rest, 0), pull)));
      storePartial(dx + whole, rest, add ? f32x4.add(own, loadPartial(dx + whole, rest, 0)) : own);
    }
    dy += bytes;
    x += bytes;
    dx += bytes;
    inverseRms += 4;
  }
}

/** The sum of a_i b_i, four partial sums in the order of i. // a [count], b [count] */
export function sumProducts(a: usize, b: usize, count: i32): f32 {
  const whole = words(count & ~3);
  let sums = f32x4.splat(0);
  for (let i: usize = 0; i < whole; i += 16) sums = madd(v128.load(a + i), v128.load(b + i), sums);
  const rest = count & 3;
  if (rest) sums = madd(loadPartial(a + whole, rest, 0), loadPartial(b + whole, rest, 0), sums);
  return sumLanes(sums);
}
