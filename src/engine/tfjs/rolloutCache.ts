/**
 * What a rollout asks of its key/value cache, and the choice between the two.
 *
 * `KeyValueCache` keeps everything in tensors, for GPUs; `HostKeyValueCache` in plain arrays, for the backends that compute on the
 * CPU, where reading a tensor costs nothing and writing in place saves the copies. Both give the same numbers to rounding.
 */
import type * as tf from '@tensorflow/tfjs';
import type { KeyValues } from './attention.ts';

/** Where a row of the rebuilt cache comes from; `length` keys are taken. */
export type CacheSource =
  | { readonly from: 'cache'; readonly row: number }
  | { readonly from: 'prefill'; readonly row: number; readonly length: number }
  | { readonly from: 'nothing' };

export interface Prefilled {
  readonly layers: readonly KeyValues[]; // [prompts, kvHeads, time, headDim]
  readonly time: number;
}

export interface RolloutCache {
  /** Columns in use; a cache whose columns are not shared by rows has as many as its longest row. */
  readonly slots: number;
  /** Begin a step: these rows feed a real token. Call inside `tf.tidy`. */
  openSlot(moving: readonly boolean[]): void;
  /**
   * Write one layer's key and value of this step and attend to all that is written.
   * @param query // [rows, kvHeads, group, headDim], scaled
   * @param key, value // [rows, kvHeads, 1, headDim]
   * @returns // [rows, kvHeads, group, headDim]
   */
  attend(layer: number, query: tf.Tensor, key: tf.Tensor, value: tf.Tensor): tf.Tensor;
  /** End a step. */
  closeSlot(): void;
  /** Choose new rows: row r's positions 0, 1, 2, ... come from sources[r]. */
  rebuild(sources: readonly CacheSource[], prefilled: Prefilled | null): void;
  dispose(): void;
}
