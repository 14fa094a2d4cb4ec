/**
 * A rollout's key/value cache in plain arrays, and one-token attention in plain loops, for the `wasm` and `cpu` backends.
 *
 * Every row writes at its own position, in place; a row that waits writes nothing and attends to nothing.
 * `#lengths[row]` keys of a row are real, those at positions 0 .. length - 1.
 */
import * as tf from '@tensorflow/tfjs';
import { dotRows, softmaxInPlace, sumRows } from './hostLoops.ts';
import type { CacheSource, Prefilled, RolloutCache } from './rolloutCache.ts';

export class HostKeyValueCache implements RolloutCache {
  readonly #kvHeads: number;
  readonly #headDim: number;
  readonly #context: number;
  /** Per layer: // [rows, kvHeads, context, headDim] */
  #keys: Float32Array[];
  #values: Float32Array[];
  #lengths: number[] = [];
  #moving: readonly boolean[] = [];

  constructor(layers: number, kvHeads: number, headDim: number, context: number) {
    this.#kvHeads = kvHeads;
    this.#headDim = headDim;
    this.#context = context;
    this.#keys = Array.from({ length: layers }, () => new Float32Array());
    this.#values = Array.from({ length: layers }, () => new Float32Array());
  }

  get slots(): number {
    return this.#lengths.reduce((most, length) => Math.max(most, length), 0);
  }

  openSlot(moving: readonly boolean[]): void {
    this.#moving = moving;
    moving.forEach((moves, row) => {
      if (moves) this.#lengths[row] = this.#lengths[row]! + 1;
    });
  }

  attend(layer: number, query: tf.Tensor, key: tf.Tensor, value: tf.Tensor): tf.Tensor {
    const [rows, kvHeads, group, headDim] = query.shape as [number, number, number, number];
    const queries = query.dataSync<'float32'>();
    const newKeys = key.dataSync<'float32'>();
    const newValues = value.dataSync<'float32'>();
    const keys = this.#keys[layer]!;
    const values = this.#values[layer]!;
    const output = new Float32Array(queries.length);
    const weights = new Float32Array(this.#context);
    for (let row = 0; row < rows; row++) {
      if (!this.#moving[row]) continue;
      const length = this.#lengths[row]!;
      for (let head = 0; head < kvHeads; head++) {
        const pair = row * kvHeads + head;
        const start = pair * this.#context * headDim;
        const at = start + (length - 1) * headDim;
        for (let d = 0; d < headDim; d++) {
          keys[at + d] = newKeys[pair * headDim + d] as number;
          values[at + d] = newValues[pair * headDim + d] as number;
        }
        for (let g = 0; g < group; g++) {
          const queryStart = (pair * group + g) * headDim;
          dotRows(queries, queryStart, keys, start, length, headDim, weights, 0);
          softmaxInPlace(weights, 0, length);
          sumRows(weights, 0, 1, values, start, length, headDim, output, queryStart);
        }
      }
    }
    return tf.tensor(output, query.shape);
  }

  closeSlot(): void {
    // a slot is written when it is attended to
  }

  rebuild(sources: readonly CacheSource[], prefilled: Prefilled | null): void {
    const block = this.#kvHeads * this.#context * this.#headDim;
    const lengths = sources.map((source) => {
      if (source.from === 'cache') return this.#lengths[source.row]!;
      return source.from === 'prefill' ? source.length : 0;
    });
    const move = (old: Float32Array, fresh: Float32Array) => {
      const next = new Float32Array(sources.length * block);
      sources.forEach((source, r) => {
        // A prompt of one token has nothing prefilled.
        if (source.from === 'nothing' || lengths[r] === 0) return;
        for (let head = 0; head < this.#kvHeads; head++) {
          const time = source.from === 'cache' ? this.#context : prefilled!.time;
          const from = (source.row * this.#kvHeads + head) * time * this.#headDim;
          const taken = (source.from === 'cache' ? old : fresh).subarray(
            from,
            from + lengths[r]! * this.#headDim,
          );
          next.set(taken, r * block + head * this.#context * this.#headDim);
        }
      });
      return next;
    };
    const nothing = new Float32Array();
    const layers = prefilled?.layers;
    this.#keys = this.#keys.map((old, i) => move(old, layers?.[i]?.keys.dataSync<'float32'>() ?? nothing));
    this.#values = this.#values.map((old, i) =>
      move(old, layers?.[i]?.values.dataSync<'float32'>() ?? nothing),
    );
    this.#lengths = lengths;
  }

  dispose(): void {
    this.#keys = [];
    this.#values = [];
    this.#lengths = [];
  }
}
