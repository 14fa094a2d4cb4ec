/**
 * Causal grouped-query attention as one differentiable block.
 *
 *   S = q kᵀ + mask,  P = softmax(S),  o = P v
 *   dv = Pᵀ do,  dP = do vᵀ,  dS = P (dP - Σ do o),  dq = dS k,  dk = dSᵀ q
 *
 * The query arrives scaled. The query heads that share a key head are rows of one matrix product, so keys and values are
 * never repeated. (Σ dP P = Σ do o, row by row: FlashAttention, arXiv 2205.14135, appendix B.)
 */
import * as tf from '@tensorflow/tfjs';
import { attendOnHost, attendOnHostGradient } from './hostAttention.ts';
import { differentiable } from './ops.ts';

/** A finite stand-in for minus infinity: exp() of it is 0 in float32, and no NaN can come of it. */
export const MASKED = -1e9;

/** Keys and values of one layer, keys already rotated. // each [rows, kvHeads, time, headDim] */
export interface KeyValues {
  readonly keys: tf.Tensor;
  readonly values: tf.Tensor;
}

export interface AttentionShape {
  readonly rows: number;
  readonly time: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headDim: number;
}

/**
 * @param rotated queries, then keys, after norm and RoPE // [rows, time, heads + kvHeads, headDim]
 * @param values // [rows * time, kvHeads * headDim]
 * @param mask null where plain loops compute // [1, 1, group * time, time]
 * @param collected receives this layer's keys and values, if given; the caller disposes them
 * @returns // [rows * time, heads * headDim]
 */
export function attention(
  rotated: tf.Tensor,
  values: tf.Tensor,
  mask: tf.Tensor | null,
  shape: AttentionShape,
  collected: KeyValues[] | null,
): tf.Tensor {
  if (!mask) return attentionOnHost(rotated, values, shape, collected);
  const { rows, time, heads, kvHeads, headDim } = shape;
  const grouped = [rows, kvHeads, (heads / kvHeads) * time, headDim];
  const byHead = (x: tf.Tensor, count: number) =>
    tf.transpose(tf.reshape(x, [rows, time, count, headDim]), [0, 2, 1, 3]);
  const byToken = (x: tf.Tensor, count: number) =>
    tf.transpose(tf.reshape(x, [rows, count, time, headDim]), [0, 2, 1, 3]);
  const block = differentiable(([rotated, values], save) => {
    if (!rotated || !values) throw new Error('attention() takes queries, keys and values.');
    const [queries, k] = tf.split(byHead(rotated, heads + kvHeads), [heads, kvHeads], 1);
    if (!queries || !k) throw new Error('tf.split returned fewer pieces than asked.');
    const q = tf.reshape(queries, grouped);
    const v = byHead(values, kvHeads);
    collected?.push({ keys: tf.keep(k), values: tf.keep(v) }); // a block's own tensors die with it
    const p = tf.softmax(tf.add(tf.matMul(q, k, false, true), mask)); // [rows, kvHeads, group * time, time]
    const o = tf.matMul(p, v); // [rows, kvHeads, group * time, headDim]
    save([q, k, v, p, o]);
    return {
      value: tf.reshape(byToken(o, heads), [rows * time, heads * headDim]),
      gradients: (dy, [q, k, v, p, o]) => {
        if (!q || !k || !v || !p || !o) throw new Error('attention() lost its saved tensors.');
        const dO = tf.reshape(byHead(dy, heads), grouped);
        const dP = tf.matMul(dO, v, false, true);
        const dS = tf.mul(p, tf.sub(dP, tf.sum(tf.mul(dO, o), -1, true)));
        const dQ = tf.reshape(tf.matMul(dS, k), [rows, heads, time, headDim]);
        const dK = tf.matMul(dS, q, true, false);
        const dV = tf.matMul(p, dO, true, false);
        const dRotated = byToken(tf.concat([dQ, dK], 1), heads + kvHeads);
        return [dRotated, tf.reshape(byToken(dV, kvHeads), [rows * time, kvHeads * headDim])];
      },
    };
  });
  return block(rotated, values);
}

function attentionOnHost(
  rotated: tf.Tensor,
  values: tf.Tensor,
  shape: AttentionShape,
  collected: KeyValues[] | null,
): tf.Tensor {
  const { rows, time, heads, kvHeads, headDim } = shape;
  const block = differentiable(([rotated, values]) => {
    if (!rotated || !values) throw new Error('attention() takes queries, keys and values.');
    const r = rotated.dataSync<'float32'>();
    const v = values.dataSync<'float32'>();
    const result = attendOnHost(r, v, shape);
    return {
      value: tf.tensor2d(result.output, [rows * time, heads * headDim]),
      gradients: (dy) => {
        const { dRotated, dValues } = attendOnHostGradient(dy.dataSync<'float32'>(), r, v, result, shape);
        return [tf.tensor(dRotated, rotated.shape), tf.tensor(dValues, values.shape)];
      },
    };
  });
  if (collected) {
    const byHead = (x: tf.Tensor) => tf.keep(tf.transpose(x, [0, 2, 1, 3]));
    collected.push({
      keys: byHead(tf.slice(rotated, [0, 0, heads, 0], [rows, time, kvHeads, headDim])),
      values: byHead(tf.reshape(values, [rows, time, kvHeads, headDim])),
    });
  }
  return block(rotated, values);
}

/** 0 on and below the diagonal, MASKED above, once per query head of a group. // [1, 1, group * time, time] */
export function causalMask(time: number, group: number): tf.Tensor {
  const mask = new Float32Array(group * time * time);
  for (let row = 0; row < group * time; row++) {
    mask.fill(MASKED, row * time + (row % time) + 1, (row + 1) * time);
  }
  return tf.tensor(mask, [1, 1, group * time, time]);
}
