// The step: gradients of the slots summed, their norm, AdamW (Loshchilov & Hutter 2019). Everything is a multiple of 64 floats.
import { words } from '../memory';

/** slots[0] += slots[1] + ... in this order. // slots [count, size] */
export function sumGradients(slots: usize, count: i32, size: i32): void {
  const bytes = words(size);
  for (let slot = 1; slot < count; slot++) {
    const from = slots + <usize>slot * bytes;
    for (let at: usize = 0; at < bytes; at += 16) {
      v128.store(slots + at, f32x4.add(v128.load(slots + at), v128.load(from + at)));
    }
  }
}

/** The sum of squares, in double precision. // gradient [size] */
export function sumSquares(gradient: usize, size: i32): f64 {
  const end = gradient + words(size);
  let low = f64x2.splat(0);
  let high = low;
  for (let at = gradient; at < end; at += 16) {
    const g = v128.load(at);
    const a = f64x2.promote_low_f32x4(g);
    const b = f64x2.promote_low_f32x4(v128.shuffle<f32>(g, g, 2, 3, 0, 1));
    low = f64x2.add(low, f64x2.mul(a, a));
    high = f64x2.add(high, f64x2.mul(b, b));
  }
  const sum = f64x2.add(low, high);
  return f64x2.extract_lane(sum, 0) + f64x2.extract_lane(sum, 1);
}

/**
 * @param clip what the gradient is multiplied with
 * @param correction1 1 - beta1^step; correction2 1 - beta2^step
 * // gradient, parameters, m, v [size], decayed [size / 64]: 1 where weight decay applies
 */
export function adamW(
  gradient: usize,
  decayed: usize,
  parameters: usize,
  m: usize,
  v: usize,
  size: i32,
  clip: f32,
  learningRate: f32,
  beta1: f32,
  beta2: f32,
  epsilon: f32,
  weightDecay: f32,
  correction1: f32,
  correction2: f32,
): void {
  const factor = f32x4.splat(clip);
  const keep1 = f32x4.splat(beta1);
  const take1 = f32x4.splat(1 - beta1);
  const keep2 = f32x4.splat(beta2);
  const take2 = f32x4.splat(1 - beta2);
  const rate = f32x4.splat(learningRate / correction1);
  const inverse2 = f32x4.splat(1 / correction2);
  const floor = f32x4.splat(epsilon);
  for (let block = 0; block < size; block += 64) {
    const keep = f32x4.splat(load<i32>(decayed) === 1 ? 1 - learningRate * weightDecay : 1);
    for (let at: usize = 0; at < 256; at += 16) {
      const g = f32x4.mul(v128.load(gradient + at), factor);
      const first = f32x4.add(f32x4.mul(keep1, v128.load(m + at)), f32x4.mul(take1, g));
      const second = f32x4.add(f32x4.mul(keep2, v128.load(v + at)), f32x4.mul(take2, f32x4.mul(g, g)));
      v128.store(m + at, first);
      v128.store(v + at, second);
      const root = f32x4.add(f32x4.sqrt(f32x4.mul(second, inverse2)), floor);
      const update = f32x4.div(f32x4.mul(rate, first), root);
      v128.store(parameters + at, f32x4.sub(f32x4.mul(v128.load(parameters + at), keep), update));
    }
    decayed += 4;
    gradient += 256;
    parameters += 256;
    m += 256;
    v += 256;
  }
}
