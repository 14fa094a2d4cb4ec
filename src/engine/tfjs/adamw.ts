/**
 * The flat parameter vector and AdamW on it.
 *
 * `weights` are always cuts of the current flat vector. A step is torch's AdamW: moments with bias
 * correction, epsilon outside the root, weight decay decoupled and on `isDecayed` tensors only, after the gradient was scaled
 * by min(1, maxGradNorm / (norm + 1e-6)) (torch's clip_grad_norm_). Loshchilov & Hutter, arXiv 1711.05101.
 */
import * as tf from '@tensorflow/tfjs';
import type { OptimizerSettings } from '../engine.ts';
import type { ParameterLayout } from './parameters.ts';
import { decayMask } from './parameters.ts';

export class Parameters {
  readonly #layout: ParameterLayout;
  readonly #decayed: tf.Tensor; // [size]
  #flat: tf.Tensor; // [size]
  #weights: tf.Tensor[]; // layout.entries
  #m: tf.Tensor; // [size]
  #v: tf.Tensor; // [size]
  #step = 0;

  constructor(layout: ParameterLayout) {
    this.#layout = layout;
    this.#decayed = tf.tensor1d(decayMask(layout));
    this.#flat = tf.zeros([layout.size]);
    this.#weights = this.#cut(this.#flat);
    this.#m = tf.zeros([layout.size]);
    this.#v = tf.zeros([layout.size]);
  }

  get weights(): readonly tf.Tensor[] {
    return this.#weights;
  }

  get flat(): tf.Tensor {
    return this.#flat;
  }

  get optimizer(): { readonly step: number; readonly m: tf.Tensor; readonly v: tf.Tensor } {
    return { step: this.#step, m: this.#m, v: this.#v };
  }

  load(flat: Float32Array): void {
    this.#replaceFlat(tf.tensor1d(flat));
    this.resetOptimizer();
  }

  resetOptimizer(): void {
    this.loadOptimizer(0, new Float32Array(this.#layout.size), new Float32Array(this.#layout.size));
  }

  loadOptimizer(step: number, m: Float32Array, v: Float32Array): void {
    tf.dispose([this.#m, this.#v]);
    this.#step = step;
    this.#m = tf.tensor1d(m);
    this.#v = tf.tensor1d(v);
  }

  /** Weights that later steps do not move: the present ones, or those of `flat`. The caller disposes them. // layout.entries */
  frozen(flat?: Float32Array): tf.Tensor[] {
    if (flat === undefined) return this.#weights.map((weight) => tf.clone(weight));
    return tf.tidy(() => this.#cut(tf.tensor1d(flat)));
  }

  /** One AdamW step along `gradient`, whose global norm is `gradNorm`. // gradient [size], not disposed here */
  apply(gradient: tf.Tensor, gradNorm: number, settings: OptimizerSettings): void {
    const { learningRate, beta1, beta2, epsilon, weightDecay, maxGradNorm } = settings;
    const scale = Math.min(1, maxGradNorm / (gradNorm + 1e-6));
    this.#step++;
    const correction1 = 1 - beta1 ** this.#step;
    const correction2 = 1 - beta2 ** this.#step;
    const [flat, m, v] = tf.tidy((): tf.Tensor[] => {
      const m = tf.add(tf.mul(this.#m, beta1), tf.mul(gradient, scale * (1 - beta1)));
      const v = tf.add(tf.mul(this.#v, beta2), tf.mul(tf.square(gradient), scale * scale * (1 - beta2)));
      const root = tf.add(tf.sqrt(tf.mul(v, 1 / correction2)), epsilon);
      const update = tf.div(tf.mul(m, learningRate / correction1), root);
      const kept =
        weightDecay === 0
          ? this.#flat
          : tf.mul(this.#flat, tf.sub(1, tf.mul(this.#decayed, learningRate * weightDecay)));
      return [tf.sub(kept, update), m, v];
    });
    if (!flat || !m || !v) throw new Error('AdamW lost its tensors.');
    tf.dispose([this.#m, this.#v]);
    this.#m = m;
    this.#v = v;
    this.#replaceFlat(flat);
  }

  dispose(): void {
    tf.dispose([this.#decayed, this.#flat, this.#m, this.#v, ...this.#weights]);
  }

  #replaceFlat(flat: tf.Tensor): void {
    tf.dispose([this.#flat, ...this.#weights]);
    this.#flat = flat;
    this.#weights = this.#cut(flat);
  }

  #cut(flat: tf.Tensor): tf.Tensor[] {
    return tf.tidy(() =>
      tf
        .split(
          flat,
          this.#layout.entries.map((entry) => entry.size),
        )
        .map((piece, i) => tf.reshape(piece, [...this.#layout.entries[i]!.shape])),
    );
  }
}
