/**
 * The policy's forward pass on whole sequences, in TensorFlow.js ops, differentiable.
 *
 * Qwen3's decoder: RMSNorm -> q/k/v -> RMSNorm over headDim on q and k -> rotate-half RoPE -> causal
 * grouped-query attention -> o, residual; RMSNorm -> down(silu(gate) up), residual; final RMSNorm; head.
 * Rows are padded on the right and attention is causal, so padding changes no number of a real token.
 * The query scale 1/sqrt(headDim) lives in the RoPE tables. Everything here runs inside the caller's `tf.tidy`.
 */
import * as tf from '@tensorflow/tfjs';
import type { PolicyConfig } from '../../policy/config.ts';
import { ropeAngle } from '../layout/ropeTable.ts';
import type { KeyValues } from './attention.ts';
import { attention, causalMask } from './attention.ts';
import { add, linear, linearTransposed, rmsNorm, rotate, swiGlu } from './ops.ts';
import type { LayerIndex, ParameterLayout } from './parameters.ts';

/** Constants of a policy's shape that live as long as the engine. */
export interface ModelConstants {
  /** cos and sin at every position, query heads first (scaled), then key heads. // [positions, heads + kvHeads, headDim] */
  readonly cos: tf.Tensor;
  readonly sin: tf.Tensor;
  readonly positions: number;
  readonly half: tf.Tensor; // [headDim, headDim]: u @ half = rotate(u)
  readonly halfInverse: tf.Tensor;
  /** Picks the q or the k scale for every head. // [heads + kvHeads, 2] */
  readonly headKinds: tf.Tensor;
  readonly identity: tf.Tensor; // [vocabulary, vocabulary]
}

export function modelConstants(config: PolicyConfig, positions: number): ModelConstants {
  const { heads, kvHeads, headDim } = config;
  const { cos, sin } = ropeTables(config, positions);
  const half = new Float32Array(headDim * headDim);
  const pairs = headDim / 2;
  for (let i = 0; i < pairs; i++) {
    half[(i + pairs) * headDim + i] = -1; // output i = -input[i + pairs]
    half[i * headDim + i + pairs] = 1; // output i + pairs = input[i]
  }
  const kinds = Float32Array.from({ length: (heads + kvHeads) * 2 }, (_, i) =>
    i >> 1 < heads === (i % 2 === 0) ? 1 : 0,
  );
  return tf.tidy(() => ({
    cos: tf.keep(tf.tensor(cos, [positions, heads + kvHeads, headDim])),
    sin: tf.keep(tf.tensor(sin, [positions, heads + kvHeads, headDim])),
    positions,
    half: tf.keep(tf.tensor(half, [headDim, headDim])),
    halfInverse: tf.keep(
      tf.tensor(
        half.map((x) => -x),
        [headDim, headDim],
      ),
    ),
    identity: tf.keep(tf.eye(config.vocabularySize)),
    headKinds: tf.keep(tf.tensor(kinds, [heads + kvHeads, 2])),
  }));
}

export function disposeConstants(constants: ModelConstants): void {
  const { cos, sin, half, halfInverse, headKinds, identity } = constants;
  tf.dispose([cos, sin, half, halfInverse, headKinds, identity]);
}

/** RoPE's tables in double precision, rounded once. // each [positions * (heads + kvHeads) * headDim] */
function ropeTables(config: PolicyConfig, positions: number): { cos: Float32Array; sin: Float32Array } {
  const { heads, kvHeads, headDim, ropeTheta } = config;
  const pairs = headDim / 2;
  const cos = new Float32Array(positions * (heads + kvHeads) * headDim);
  const sin = new Float32Array(cos.length);
  let at = 0;
  for (let position = 0; position < positions; position++) {
    for (let head = 0; head < heads + kvHeads; head++) {
      const scale = head < heads ? 1 / Math.sqrt(headDim) : 1;
      for (let i = 0; i < headDim; i++) {
        const angle = ropeAngle(position, i % pairs, headDim, ropeTheta);
        cos[at] = scale * Math.cos(angle);
        sin[at] = scale * Math.sin(angle);
        at++;
      }
    }
  }
  return { cos, sin };
}

export interface ForwardInputs {
  readonly tokens: tf.Tensor; // [rows * time] int32
  readonly rows: number;
  readonly time: number;
}

/** The forward pass. `weights` are `layout.entries` in order. */
export class Model {
  readonly #config: PolicyConfig;
  readonly #layout: ParameterLayout;
  readonly #constants: ModelConstants;
  readonly #onHost: boolean;

  /** @param onHost attention in plain loops: where tensors lie in this thread's memory, they beat batched products */
  constructor(config: PolicyConfig, layout: ParameterLayout, constants: ModelConstants, onHost: boolean) {
    this.#config = config;
    this.#layout = layout;
    this.#constants = constants;
    this.#onHost = onHost;
  }

  /** Logits that predict the token after each position. // [rows * time, vocabulary] */
  logits(weights: readonly tf.Tensor[], inputs: ForwardInputs): tf.Tensor {
    const x = this.#run(weights, inputs, null);
    const { embedding, finalNorm, head } = this.#layout;
    const normed = rmsNorm(x, at(weights, finalNorm), this.#config.rmsNormEps);
    return head === null
      ? linearTransposed(normed, at(weights, embedding))
      : linear(normed, at(weights, head));
  }

  /**
   * One-hot rows, to look an embedding up and to pick a target by multiplication: tf.gather has no gradient on wasm, and on webgpu
   * one whose sums have no fixed order; tf.oneHot on wasm ignores the type it is asked for. // [n] int32 -> [n, vocabulary]
   */
  oneHot(tokens: tf.Tensor): tf.Tensor {
    return tf.gather(this.#constants.identity, tokens);
  }

  /** Keys and values of every layer: a rollout's prefill. The caller disposes them. // tokens [rows * time] */
  keyValues(weights: readonly tf.Tensor[], tokens: Int32Array, rows: number, time: number): KeyValues[] {
    const collected: KeyValues[] = [];
    tf.tidy(() => {
      this.#run(weights, { tokens: tf.tensor1d(tokens, 'int32'), rows, time }, collected);
    });
    return collected;
  }

  #run(weights: readonly tf.Tensor[], inputs: ForwardInputs, collected: KeyValues[] | null): tf.Tensor {
    const { kvHeads, heads, rmsNormEps } = this.#config;
    const { rows, time } = inputs;
    let x = linear(this.oneHot(inputs.tokens), at(weights, this.#layout.embedding)); // [rows * time, dModel]
    const mask = this.#onHost ? null : causalMask(time, heads / kvHeads); // [1, 1, group * time, time]
    for (const layer of this.#layout.layers) {
      const normed = rmsNorm(x, at(weights, layer.inputNorm), rmsNormEps);
      const attended = this.#attention(weights, layer, normed, rows, time, mask, collected);
      x = add(x, linear(attended, at(weights, layer.output)));
      const hidden = rmsNorm(x, at(weights, layer.postNorm), rmsNormEps);
      const middle = swiGlu(linear(hidden, at(weights, layer.gate)), linear(hidden, at(weights, layer.up)));
      x = add(x, linear(middle, at(weights, layer.down)));
    }
    return x;
  }

  /** Causal grouped-query attention before the output projection. // [rows * time, dModel] -> [rows * time, heads * headDim] */
  #attention(
    weights: readonly tf.Tensor[],
    layer: LayerIndex,
    x: tf.Tensor,
    rows: number,
    time: number,
    mask: tf.Tensor | null,
    collected: KeyValues[] | null,
  ): tf.Tensor {
    const { heads, kvHeads, headDim, rmsNormEps } = this.#config;
    const { cos, sin, half, halfInverse, headKinds } = this.#constants;
    const allHeads = heads + kvHeads;
    const projected = linear(x, at(weights, layer.queryKey)); // [rows * time, (heads + kvHeads) * headDim]
    const scales = linear(headKinds, at(weights, layer.queryKeyNorm)); // [heads + kvHeads, headDim]
    const rotated = rotate(
      rmsNorm(projected, scales, rmsNormEps),
      tf.slice(cos, [0, 0, 0], [time, allHeads, headDim]),
      tf.slice(sin, [0, 0, 0], [time, allHeads, headDim]),
      half,
      halfInverse,
    );
    const values = linear(x, at(weights, layer.value));
    return attention(rotated, values, mask, { rows, time, heads, kvHeads, headDim }, collected);
  }
}

function at(weights: readonly tf.Tensor[], index: number): tf.Tensor {
  const weight = weights[index];
  if (!weight) throw new Error('The engine has no weights yet; call loadTensors first.');
  return weight;
}
