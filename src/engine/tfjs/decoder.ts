/**
 * One token for every row: the forward pass of a rollout step.
 *
 * The same formulas as `model.ts` with as few ops as possible, because at these sizes a step costs what its ops cost to launch:
 * a norm's scale is multiplied into the matrix after it, and RoPE's cos and sin of each row's position are looked up once per
 * step. Invariant: logits agree with `model.ts` on the same tokens to float32 rounding (the conformance suite
 * compares the sampled log-probabilities).
 */
import * as tf from '@tensorflow/tfjs';
import type { PolicyConfig } from '../../policy/config.ts';
import type { ModelConstants } from './model.ts';
import type { LayerIndex, ParameterLayout } from './parameters.ts';
import type { RolloutCache } from './rolloutCache.ts';

interface DecoderLayer {
  readonly queryKey: tf.Tensor; // [dModel, (heads + kvHeads) * headDim]
  readonly value: tf.Tensor; // [dModel, kvHeads * headDim]
  readonly headScales: tf.Tensor; // [heads + kvHeads, headDim], q/k norm scales times the query scale
  readonly output: tf.Tensor;
  readonly gate: tf.Tensor;
  readonly up: tf.Tensor;
  readonly down: tf.Tensor;
}

export class Decoder {
  readonly #config: PolicyConfig;
  readonly #layers: readonly DecoderLayer[];
  readonly #embedding: tf.Tensor; // [vocabulary, dModel]
  readonly #head: tf.Tensor; // [dModel, vocabulary], final norm included
  readonly #half: tf.Tensor; // [headDim, headDim], see ModelConstants
  readonly #turns: tf.Tensor; // [context, 2 * headDim], cos then sin of a position

  constructor(
    config: PolicyConfig,
    layout: ParameterLayout,
    constants: ModelConstants,
    weights: readonly tf.Tensor[],
    context: number,
  ) {
    this.#config = config;
    const at = (index: number) => {
      const weight = weights[index];
      if (!weight) throw new Error('The engine has no weights yet; call loadTensors first.');
      return weight;
    };
    /** diag(scale) @ matrix */
    const folded = (scale: number, matrix: number) =>
      tf.keep(tf.mul(tf.reshape(at(scale), [-1, 1]), at(matrix)));
    this.#layers = tf.tidy(() =>
      layout.layers.map((layer) => ({
        queryKey: folded(layer.inputNorm, layer.queryKey),
        value: folded(layer.inputNorm, layer.value),
        headScales: tf.keep(this.#headScales(at, layer, constants)),
        output: tf.keep(tf.clone(at(layer.output))),
        gate: folded(layer.postNorm, layer.gate),
        up: folded(layer.postNorm, layer.up),
        down: tf.keep(tf.clone(at(layer.down))),
      })),
    );
    this.#embedding = tf.clone(at(layout.embedding));
    this.#head = tf.tidy(() =>
      tf.mul(
        tf.reshape(at(layout.finalNorm), [-1, 1]),
        layout.head === null ? tf.transpose(at(layout.embedding)) : at(layout.head),
      ),
    );
    this.#half = tf.clone(constants.half);
    this.#turns = tf.tidy(() => turnTable(config, constants, context));
  }

  #headScales(at: (index: number) => tf.Tensor, layer: LayerIndex, constants: ModelConstants): tf.Tensor {
    const { heads, kvHeads, headDim } = this.#config;
    const scales = tf.matMul(constants.headKinds, at(layer.queryKeyNorm));
    const queryScale = Float32Array.from({ length: heads + kvHeads }, (_, head) =>
      head < heads ? 1 / Math.sqrt(headDim) : 1,
    );
    return tf.mul(scales, tf.tensor(queryScale, [heads + kvHeads, 1]));
  }

  /**
   * Feed one token per row at its own position; write the cache's next slot. Call inside `tf.tidy`.
   * @param tokens // [rows]
   * @param positions // [rows]
   * @param moving rows whose token is real; the others compute junk that nothing reads
   * @param wantsLogits false while every row is still reading forced tokens
   * @returns one tensor, or none without `wantsLogits` // [rows, vocabulary]
   */
  step(
    cache: RolloutCache,
    tokens: Int32Array,
    positions: Int32Array,
    moving: readonly boolean[],
    wantsLogits: boolean,
  ): tf.Tensor[] {
    const { headDim, kvHeads, heads } = this.#config;
    const rows = tokens.length;
    cache.openSlot(moving);
    const turns = tf.reshape(tf.gather(this.#turns, tf.tensor1d(positions, 'int32')), [rows, 1, 2 * headDim]);
    const cos = tf.slice(turns, [0, 0, 0], [rows, 1, headDim]);
    const sin = tf.slice(turns, [0, 0, headDim], [rows, 1, headDim]);
    let x = tf.gather(this.#embedding, tf.tensor1d(tokens, 'int32')); // [rows, dModel]
    this.#layers.forEach((layer, index) => {
      const normed = this.#unit(x);
      const projected = tf.reshape(tf.matMul(normed, layer.queryKey), [rows, heads + kvHeads, headDim]);
      const scaled = tf.mul(this.#unit(projected), layer.headScales);
      const halves = tf.reshape(tf.matMul(tf.reshape(scaled, [-1, headDim]), this.#half), scaled.shape);
      const turned = tf.add(tf.mul(scaled, cos), tf.mul(halves, sin)); // [rows, heads + kvHeads, headDim]
      const query = tf.slice(turned, [0, 0, 0], [rows, heads, headDim]);
      const key = tf.slice(turned, [0, heads, 0], [rows, kvHeads, headDim]);
      const mixed = cache.attend(
        index,
        tf.reshape(query, [rows, kvHeads, heads / kvHeads, headDim]),
        tf.reshape(key, [rows, kvHeads, 1, headDim]),
        tf.reshape(tf.matMul(normed, layer.value), [rows, kvHeads, 1, headDim]),
      );
      x = tf.add(x, tf.matMul(tf.reshape(mixed, [rows, heads * headDim]), layer.output));
      const hidden = this.#unit(x);
      const gate = tf.matMul(hidden, layer.gate);
      const middle = tf.mul(tf.mul(gate, tf.sigmoid(gate)), tf.matMul(hidden, layer.up));
      x = tf.add(x, tf.matMul(middle, layer.down));
    });
    cache.closeSlot();
    return wantsLogits ? [tf.matMul(this.#unit(x), this.#head)] : [];
  }

  /** x / sqrt(mean(x²) + eps) over the last axis. */
  #unit(x: tf.Tensor): tf.Tensor {
    return tf.mul(x, tf.rsqrt(tf.add(tf.mean(tf.square(x), -1, true), this.#config.rmsNormEps)));
  }

  dispose(): void {
    for (const layer of this.#layers) tf.dispose(Object.values(layer));
    tf.dispose([this.#embedding, this.#head, this.#half, this.#turns]);
  }
}

/** cos and sin of every position, each for both halves of a head: a key head's, which are not scaled. // [context, 2 * headDim] */
function turnTable(
  { heads, headDim }: PolicyConfig,
  { cos, sin }: ModelConstants,
  context: number,
): tf.Tensor {
  const ofKeys = (table: tf.Tensor) =>
    tf.reshape(tf.slice(table, [0, heads, 0], [context, 1, headDim]), [context, headDim]);
  return tf.concat([ofKeys(cos), ofKeys(sin)], -1);
}
