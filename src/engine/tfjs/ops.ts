/**
 * The differentiable building blocks of the policy, composed of tfjs ops, with gradients written out.
 *
 * tfjs's tape strings the blocks together; each block is the plain formula in its comment, on every backend. The gradients are by
 * hand because tfjs's own would spend about three times the ops, and because they multiply transposed matrices, which the
 * WebAssembly backend does ten times slower than it transposes and multiplies, and the WebGPU backend, for long inner
 * dimensions, with float atomics in no fixed order. So: explicit transposes on `wasm`, row blocks on `webgpu`.
 * Only blocks made by `differentiable` may stand between the weights and the loss (no gradient of tfjs's is registered).
 */
import * as tf from '@tensorflow/tfjs';

type Gradients = (dy: tf.Tensor, saved: tf.Tensor[]) => tf.Tensor[];
type Save = (tensors: tf.Tensor[]) => void;

/** `tf.customGrad` with the types it has at run time (its own promise one gradient, not one per input). */
export function differentiable(
  forward: (inputs: tf.Tensor[], save: Save) => { value: tf.Tensor; gradients: Gradients },
): (...inputs: tf.Tensor[]) => tf.Tensor {
  const custom = (...args: unknown[]) => {
    const save = args.pop() as Save;
    const { value, gradients } = forward(args as tf.Tensor[], save);
    return { value, gradFunc: gradients };
  };
  return tf.customGrad(custom);
}

const prefersTransposes = () => tf.getBackend() === 'wasm';

/** Longest inner dimension that tfjs's WebGPU backend multiplies in a fixed order is 1999. */
const WEBGPU_INNER_LIMIT = 1024;

/** a @ bᵀ. // a [rows, n], b [columns, n] */
export function matMulNT(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  return prefersTransposes() ? tf.matMul(a, tf.transpose(b)) : tf.matMul(a, b, false, true);
}

/** aᵀ @ b, summed over the first axis. // a [n, rows], b [n, columns] */
export function matMulTN(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  if (prefersTransposes()) return tf.matMul(tf.transpose(a), b);
  const n = a.shape[0];
  if (tf.getBackend() !== 'webgpu' || n <= WEBGPU_INNER_LIMIT) return tf.matMul(a, b, true, false);
  const blocks = smallestDivisorAtLeast(n, Math.ceil(n / WEBGPU_INNER_LIMIT));
  const blocked = (x: tf.Tensor) => tf.reshape(x, [blocks, n / blocks, x.shape[1]!]);
  return tf.sum(tf.matMul(blocked(a), blocked(b), true, false), 0);
}

function smallestDivisorAtLeast(n: number, least: number): number {
  for (let divisor = least; divisor < n; divisor++) if (n % divisor === 0) return divisor;
  return n;
}

/** Sum over every axis but the last, as a multiplication by ones (fast and in a fixed order everywhere). // [n, d] -> [d] */
function columnSums(x: tf.Tensor): tf.Tensor {
  const n = x.shape[0];
  return tf.reshape(matMulTN(tf.ones([n, 1]), x), [x.shape[1]!]);
}

/** y = a + b, shapes alike: the residual stream. */
export const add = differentiable(([a, b]) => {
  if (!a || !b) throw new Error('add() takes a and b.');
  return { value: tf.add(a, b), gradients: (dy) => [dy, dy] };
});

/** y = x w. // x [n, in], w [in, out] -> [n, out] */
export const linear = differentiable(([x, w], save) => {
  if (!x || !w) throw new Error('linear() takes x and w.');
  save([x, w]);
  return {
    value: tf.matMul(x, w),
    gradients: (dy, [x, w]) => [matMulNT(dy, w as tf.Tensor), matMulTN(x as tf.Tensor, dy)],
  };
});

/** y = x wᵀ: a head tied to the embedding. // x [n, dModel], w [vocabulary, dModel] -> [n, vocabulary] */
export const linearTransposed = differentiable(([x, w], save) => {
  if (!x || !w) throw new Error('linearTransposed() takes x and w.');
  save([x, w]);
  return {
    value: matMulNT(x, w),
    gradients: (dy, [x, w]) => [tf.matMul(dy, w as tf.Tensor), matMulTN(dy, x as tf.Tensor)],
  };
});

/**
 * RMSNorm: y = x / sqrt(mean(x²) + eps) * w over the last axis of w. // x [n, w's size], w [d] or [heads, d] -> [n, ...w's shape]
 * With r = 1/sqrt(mean(x²) + eps), g = dy w and x̂ = x r: dx = r (g - x̂ mean(g x̂)), dw = Σ dy x̂.
 */
export function rmsNorm(x: tf.Tensor, w: tf.Tensor, eps: number): tf.Tensor {
  const norm = differentiable(([input, w], save) => {
    if (!input || !w) throw new Error('rmsNorm() takes x and w.');
    const x = tf.reshape(input, [-1, ...w.shape]);
    const r = tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), eps));
    const unit = tf.mul(x, r);
    save([unit, r, w]);
    return {
      value: tf.mul(unit, w),
      gradients: (dy, [unit, r, w]) => {
        if (!unit || !r || !w) throw new Error('rmsNorm() lost its saved tensors.');
        const g = tf.mul(dy, w);
        const along = tf.mean(tf.mul(g, unit), -1, true);
        const dx = tf.mul(tf.sub(g, tf.mul(unit, along)), r);
        const dw = columnSums(tf.reshape(tf.mul(dy, unit), [-1, w.size]));
        return [tf.reshape(dx, input.shape), tf.reshape(dw, w.shape)];
      },
    };
  });
  return norm(x, w);
}

/** SwiGLU's middle: y = silu(gate) up, silu(g) = g σ(g). // both [n, dFfn] */
export const swiGlu = differentiable(([gate, up], save) => {
  if (!gate || !up) throw new Error('swiGlu() takes gate and up.');
  const sigmoid = tf.sigmoid(gate);
  const silu = tf.mul(gate, sigmoid);
  save([sigmoid, silu, up]);
  return {
    value: tf.mul(silu, up),
    gradients: (dy, [sigmoid, silu, up]) => {
      if (!sigmoid || !silu || !up) throw new Error('swiGlu() lost its saved tensors.');
      // d silu / d gate = σ + silu (1 - σ) = silu + σ (1 - silu)
      const slope = tf.add(silu, tf.mul(sigmoid, tf.sub(1, silu)));
      return [tf.mul(tf.mul(dy, up), slope), tf.mul(dy, silu)];
    },
  };
});

/**
 * Rotate-half RoPE: y = x cos + rotate(x) sin with rotate([a, b]) = [-b, a], written as a product with a constant matrix.
 * The inverse rotation is its gradient. // x [rows * time, heads, headDim], cos and sin [time, heads, headDim] -> [rows, time, heads, headDim]
 */
export function rotate(
  x: tf.Tensor,
  cos: tf.Tensor,
  sin: tf.Tensor,
  half: tf.Tensor,
  halfInverse: tf.Tensor,
): tf.Tensor {
  const headDim = half.shape[0];
  const turned = (u: tf.Tensor, matrix: tf.Tensor) =>
    tf.reshape(tf.matMul(tf.reshape(u, [-1, headDim]), matrix), u.shape);
  const rope = differentiable(([input], save) => {
    if (!input) throw new Error('rotate() takes x.');
    const given = input.shape;
    const x = tf.reshape(input, [-1, ...cos.shape]);
    save([cos, sin]); // slices of the tables, which would be gone when the gradient asks for them
    return {
      value: tf.add(tf.mul(x, cos), tf.mul(turned(x, half), sin)),
      // (rotate(x) sin)'s transpose: rotateᵀ(dy sin), and rotateᵀ = -rotate
      gradients: (dy, [cos, sin]) => {
        if (!cos || !sin) throw new Error('rotate() lost its saved tensors.');
        return [tf.reshape(tf.add(tf.mul(dy, cos), turned(tf.mul(dy, sin), halfInverse)), given)];
      },
    };
  });
  return rope(x);
}
