/**
 * The policy's operations that TensorFlow.js has no op for, composed of its ops; its tape makes the gradients.
 *
 * Only `matMul` brings a gradient of its own: tfjs's multiplies transposed matrices, which the WebAssembly backend does ten times
 * slower than it transposes and multiplies.
 */
import * as tf from '@tensorflow/tfjs';

/** a b. With c = a b: da = dc bᵀ, db = aᵀ dc. // [..., n, k], [..., k, m] -> [..., n, m], leading axes alike */
export function matMul(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  const product = tf.customGrad((...inputs) => {
    const [a, b, save] = inputs as [tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    save([a, b]);
    return {
      value: tf.matMul(a, b),
      gradFunc: (dc, saved) => {
        const [a, b] = saved as [tf.Tensor, tf.Tensor];
        return [tf.matMul(dc, transposed(b)), tf.matMul(transposed(a), dc)];
      },
    };
  });
  return product(a, b);
}

/** The last two axes exchanged. // [..., n, m] -> [..., m, n] */
export function transposed(x: tf.Tensor): tf.Tensor {
  const axes = x.shape.map((_, axis) => axis);
  return tf.transpose(x, [...axes.slice(0, -2), axes.length - 1, axes.length - 2]);
}

/** Row i has a 1 at indices[i], or nowhere if that is below 0. Looking rows up is multiplying by it, which has a gradient everywhere. // [n, size] */
export function oneHot(indices: Int32Array, size: number): tf.Tensor {
  const numbers = new Float32Array(indices.length * size);
  indices.forEach((index, row) => {
    if (index >= 0) numbers[row * size + index] = 1;
  });
  return tf.tensor2d(numbers, [indices.length, size]);
}

/** RMSNorm: x / sqrt(mean(x²) + eps) * scale over the last axis. // [..., d], [d] -> [..., d] */
export function rmsNorm(x: tf.Tensor, scale: tf.Tensor, eps: number): tf.Tensor {
  return tf.mul(tf.div(x, tf.sqrt(tf.add(tf.mean(tf.square(x), -1, true), eps))), scale);
}

/** SwiGLU's middle: silu(gate) up, silu(g) = g σ(g). */
export function swiGlu(gate: tf.Tensor, up: tf.Tensor): tf.Tensor {
  return tf.mul(tf.mul(gate, tf.sigmoid(gate)), up);
}

/** Rotate-half RoPE: the pair (x[i], x[i + headDim / 2]) turns by an angle. // x [..., headDim]; cos, sin [..., headDim / 2] */
export function rotate(x: tf.Tensor, cos: tf.Tensor, sin: tf.Tensor): tf.Tensor {
  const [a, b] = tf.split(x, 2, -1) as [tf.Tensor, tf.Tensor];
  return tf.concat([tf.sub(tf.mul(a, cos), tf.mul(b, sin)), tf.add(tf.mul(b, cos), tf.mul(a, sin))], -1);
}

/** A finite stand-in for minus infinity: exp() of it is 0 in float32, and no NaN can come of it. */
export const MASKED = -1e9;

/**
 * Grouped-query attention: softmax(q kᵀ / sqrt(headDim) + mask) v. The query heads that share a key head are rows of one product.
 * @param q // [rows, heads, time, headDim]
 * @param keys, values // [rows, kvHeads, slots, headDim]
 * @param mask 0 or MASKED // [time, slots] or [rows, 1, time, slots]
 * @returns // [rows, heads, time, headDim]
 */
export function attention(q: tf.Tensor, keys: tf.Tensor, values: tf.Tensor, mask: tf.Tensor): tf.Tensor {
  const [rows, heads, time, headDim] = q.shape as [number, number, number, number];
  const [, kvHeads, slots] = keys.shape as [number, number, number, number];
  const grouped = [rows, kvHeads, (heads / kvHeads) * time];
  const scaled = tf.reshape(tf.mul(q, 1 / Math.sqrt(headDim)), [...grouped, headDim]);
  const scores = tf.reshape(matMul(scaled, transposed(keys)), [rows, heads, time, slots]);
  const weights = tf.softmax(tf.add(scores, mask));
  return tf.reshape(matMul(tf.reshape(weights, [...grouped, slots]), values), q.shape);
}
