/**
 * The policy's forward pass in TensorFlow.js ops.
 *
 * Qwen3's decoder: RMSNorm -> q/k/v -> RMSNorm over headDim on q and k -> rotate-half RoPE -> causal
 * grouped-query attention -> o, residual; RMSNorm -> down(silu(gate) up), residual; final RMSNorm; head.
 * Training and rollouts run the same lines; a rollout passes one token a row and a cache to attend to.
 */
import * as tf from '@tensorflow/tfjs';
import type { PolicyConfig } from '../../policy/config.ts';
import type { ParameterLayout } from '../layout/parameterLayout.ts';
import { ropeAngle } from '../layout/ropeTable.ts';
import { attention, MASKED, matMul, oneHot, rmsNorm, rotate, swiGlu, transposed } from './ops.ts';

/** Tensors by checkpoint name, matrices [out, in]. */
export type Weights = ReadonlyMap<string, tf.Tensor>;

/** Cut the flat parameters into their tensors, differentiable. Call inside `tf.tidy`. // flat [layout.size] */
export function cut(layout: ParameterLayout, flat: tf.Tensor): Weights {
  const places = [...layout.tensors.values()];
  // Each piece ends where the next tensor begins: it may have a gap behind it.
  const sizes = places.map(({ offset }, i) => (places[i + 1]?.offset ?? layout.size) - offset);
  const pieces = tf.split(flat, sizes);
  return new Map(
    places.map(({ name, shape, size }, i) => [name, tf.reshape(tf.slice(pieces[i]!, 0, size), [...shape])]),
  );
}

/** The same, to keep: the caller disposes them. */
export function keptCut(layout: ParameterLayout, flat: tf.Tensor): Weights {
  const kept = tf.tidy(() => Object.fromEntries(cut(layout, flat)));
  return new Map(Object.entries(kept));
}

export interface Cells {
  readonly rows: number;
  readonly time: number;
  readonly tokens: Int32Array; // [rows * time]
  readonly positions: Int32Array; // [rows * time]
}

/** Keys, rotated, and values of one layer. // each [rows, kvHeads, slots, headDim] */
export interface KeyValues {
  readonly keys: tf.Tensor;
  readonly values: tf.Tensor;
}

/**
 * Logits that predict the token after each cell. Call inside `tf.tidy`.
 * @param mask which slots each cell attends to // [time, slots] or [rows, 1, time, slots]
 * @param attendedTo what a layer attends to, given the keys and values of these cells; by default to those
 * @returns // [rows * time, vocabulary]
 */
export function forward(
  config: PolicyConfig,
  weights: Weights,
  { rows, time, tokens, positions }: Cells,
  mask: tf.Tensor,
  attendedTo: (layer: number, fresh: KeyValues) => KeyValues = (_, fresh) => fresh,
): tf.Tensor {
  const { heads, kvHeads, headDim } = config;
  const weight = (name: string) => weights.get(`${name}.weight`)!;
  const linear = (x: tf.Tensor, name: string) => matMul(x, transposed(weight(name)));
  const norm = (x: tf.Tensor, name: string) => rmsNorm(x, weight(name), config.rmsNormEps);
  const byHead = (x: tf.Tensor, count: number) =>
    tf.transpose(tf.reshape(x, [rows, time, count, headDim]), [0, 2, 1, 3]);
  const angles = (of: (angle: number) => number) =>
    turns(config, positions, [rows, 1, time, headDim / 2], of);
  const [cos, sin] = [angles(Math.cos), angles(Math.sin)];
  let x = matMul(oneHot(tokens, config.vocabularySize), weight('model.embed_tokens')); // [rows * time, dModel]
  for (let layer = 0; layer < config.layers; layer++) {
    const at = `model.layers.${layer}`;
    const input = norm(x, `${at}.input_layernorm`);
    const q = byHead(linear(input, `${at}.self_attn.q_proj`), heads);
    const k = byHead(linear(input, `${at}.self_attn.k_proj`), kvHeads);
    const { keys, values } = attendedTo(layer, {
      keys: rotate(norm(k, `${at}.self_attn.k_norm`), cos, sin),
      values: byHead(linear(input, `${at}.self_attn.v_proj`), kvHeads),
    });
    const attended = attention(rotate(norm(q, `${at}.self_attn.q_norm`), cos, sin), keys, values, mask);
    const byToken = tf.reshape(tf.transpose(attended, [0, 2, 1, 3]), [rows * time, heads * headDim]);
    x = tf.add(x, linear(byToken, `${at}.self_attn.o_proj`));
    const hidden = norm(x, `${at}.post_attention_layernorm`);
    const middle = swiGlu(linear(hidden, `${at}.mlp.gate_proj`), linear(hidden, `${at}.mlp.up_proj`));
    x = tf.add(x, linear(middle, `${at}.mlp.down_proj`));
  }
  return linear(norm(x, 'model.norm'), config.tieWordEmbeddings ? 'model.embed_tokens' : 'lm_head');
}

/** A function of RoPE's angle at every position and pair, in double precision, rounded once. // [...shape] */
function turns(
  { headDim, ropeTheta }: PolicyConfig,
  positions: Int32Array,
  shape: number[],
  of: (angle: number) => number,
): tf.Tensor {
  const pairs = headDim / 2;
  const numbers = Float32Array.from({ length: positions.length * pairs }, (_, i) =>
    of(ropeAngle(positions[Math.floor(i / pairs)]!, i % pairs, headDim, ropeTheta)),
  );
  return tf.tensor(numbers, shape);
}

/** A token sees itself and those before it. // [time, time] */
export function causalMask(time: number): tf.Tensor {
  const mask = new Float32Array(time * time);
  for (let t = 0; t < time; t++) mask.fill(MASKED, t * time + t + 1, (t + 1) * time);
  return tf.tensor2d(mask, [time, time]);
}
