/**
 * AdamW on the flat parameters (`layout/parameterLayout.ts`), and the gradient norm it clips by.
 *
 * A step is torch's: moments with bias correction, epsilon outside the root, weight decay decoupled and on `isDecayed` tensors
 * only, after the gradient was scaled by min(1, maxGradNorm / (norm + 1e-6)) (torch's clip_grad_norm_).
 * Loshchilov & Hutter, arXiv 1711.05101.
 */
import * as tf from '@tensorflow/tfjs';
import type { OptimizerSettings } from '../engine.ts';

export interface Trained {
  readonly flat: tf.Tensor; // [parameters]
  readonly m: tf.Tensor; // [parameters]
  readonly v: tf.Tensor; // [parameters]
  readonly step: number;
}

/**
 * The state after one step along `gradient`; the caller disposes the state before it.
 * @param decayed 1 where weight decay applies // [parameters]
 */
export function adamw(
  before: Trained,
  gradient: tf.Tensor,
  gradNorm: number,
  decayed: tf.Tensor,
  { learningRate, beta1, beta2, epsilon, weightDecay, maxGradNorm }: OptimizerSettings,
): Trained {
  const step = before.step + 1;
  const [flat, m, v] = tf.tidy((): [tf.Tensor, tf.Tensor, tf.Tensor] => {
    const scaled = tf.mul(gradient, Math.min(1, maxGradNorm / (gradNorm + 1e-6)));
    const m = tf.add(tf.mul(before.m, beta1), tf.mul(scaled, 1 - beta1));
    const v = tf.add(tf.mul(before.v, beta2), tf.mul(tf.square(scaled), 1 - beta2));
    const root = tf.add(tf.sqrt(tf.div(v, 1 - beta2 ** step)), epsilon);
    const update = tf.div(tf.div(m, 1 - beta1 ** step), root);
    const kept = tf.mul(before.flat, tf.sub(1, tf.mul(decayed, learningRate * weightDecay)));
    return [tf.sub(kept, tf.mul(update, learningRate)), m, v];
  });
  return { flat, m, v, step };
}

/** In two stages, because a long float32 sum loses digits. // [parameters], a multiple of 64 -> [] */
export function squaredNorm(gradient: tf.Tensor): tf.Tensor {
  return tf.sum(tf.sum(tf.square(tf.reshape(gradient, [-1, 64])), -1));
}
