/**
 * The key/value cache of a rollout: one column ("slot") per step, shared by all rows.
 *
 * RoPE has already turned the keys, so attention is a set operation and a key may lie anywhere. Every step therefore writes
 * one whole slot for all rows by concatenation, with no scatter, and the host remembers which slots of which row hold
 * a real token; the others (a row that was waiting, padding) are masked. `rebuild` gathers rows and slots into a dense cache again.
 * `slotsOf[row][position]` is the slot that holds the row's key at that position.
 */
import * as tf from '@tensorflow/tfjs';
import type { KeyValues } from './attention.ts';
import { MASKED } from './attention.ts';
import type { CacheSource, Prefilled, RolloutCache } from './rolloutCache.ts';

interface LayerCache {
  sealed: KeyValues | null; // [rows, kvHeads, sealedSlots, headDim]
  recent: KeyValues | null; // [rows, kvHeads, recentSlots, headDim]
}

/** Slots are appended to a small block, because appending copies it; a full block joins the sealed ones. */
const BLOCK = 16;
/** Below this many numbers per tensor a second block costs more than copying the whole. */
const SMALL_CACHE = 16_384;

export class KeyValueCache implements RolloutCache {
  readonly #kvHeads: number;
  readonly #headDim: number;
  readonly #layers: LayerCache[];
  #rows = 0;
  #sealedSlots = 0;
  #recentSlots = 0;
  #sealedMask: tf.Tensor | null = null; // [rows, 1, 1, sealedSlots]
  #mask: tf.Tensor | null = null; // the open slot's additive mask // [rows, 1, 1, slots]
  #slotsOf: number[][] = [];

  constructor(layers: number, kvHeads: number, headDim: number) {
    this.#kvHeads = kvHeads;
    this.#headDim = headDim;
    this.#layers = Array.from({ length: layers }, () => ({ sealed: null, recent: null }));
  }

  get slots(): number {
    return this.#sealedSlots + this.#recentSlots;
  }

  openSlot(moving: readonly boolean[]): void {
    const slot = this.slots;
    moving.forEach((moves, row) => {
      if (moves) this.#slotsOf[row]?.push(slot);
    });
    this.#recentSlots++;
    const recent = this.#maskOf(this.#sealedSlots, this.#recentSlots);
    this.#mask = this.#sealedMask ? tf.concat([this.#sealedMask, recent], 3) : recent;
  }

  #maskOf(firstSlot: number, slots: number): tf.Tensor {
    const mask = new Float32Array(this.#rows * slots).fill(MASKED);
    this.#slotsOf.forEach((row, r) => {
      for (let i = row.length - 1; i >= 0; i--) {
        const slot = row[i]! - firstSlot;
        if (slot < 0) break; // slots of a row ascend
        mask[r * slots + slot] = 0;
      }
    });
    return tf.tensor(mask, [this.#rows, 1, 1, slots]);
  }

  attend(layer: number, query: tf.Tensor, key: tf.Tensor, value: tf.Tensor): tf.Tensor {
    const mask = this.#mask;
    if (!mask) throw new Error('attend() needs an open slot.');
    const cache = this.#layers[layer];
    if (!cache) throw new Error('The cache has fewer layers than the policy.');
    const append = (old: tf.Tensor | undefined, x: tf.Tensor) =>
      tf.keep(old ? tf.concat([old, x], 2) : tf.clone(x));
    const recent: KeyValues = {
      keys: append(cache.recent?.keys, key),
      values: append(cache.recent?.values, value),
    };
    disposeKeyValues(cache.recent);
    cache.recent = recent;
    const { sealed } = cache;
    const recentScores = tf.matMul(query, recent.keys, false, true); // [rows, kvHeads, group, recentSlots]
    if (!sealed) return tf.matMul(tf.softmax(tf.add(recentScores, mask)), recent.values);
    const scores = tf.concat([tf.matMul(query, sealed.keys, false, true), recentScores], 3);
    const weights = tf.softmax(tf.add(scores, mask));
    const [old, fresh] = tf.split(weights, [this.#sealedSlots, this.#recentSlots], 3);
    if (!old || !fresh) throw new Error('tf.split returned fewer pieces than asked.');
    return tf.add(tf.matMul(old, sealed.values), tf.matMul(fresh, recent.values));
  }

  closeSlot(): void {
    this.#mask = null; // the step's own tidy disposes it
    // a full block of recent slots joins the sealed ones
    if (this.#recentSlots < BLOCK) return;
    const size = this.#rows * this.#kvHeads * this.#headDim * this.slots;
    if (this.#sealedSlots > 0 || size > SMALL_CACHE) this.#seal();
  }

  #seal(): void {
    if (this.#recentSlots === 0) return;
    const join = (a: tf.Tensor | undefined, b: tf.Tensor) => tf.keep(a ? tf.concat([a, b], 2) : tf.clone(b));
    for (const cache of this.#layers) {
      if (!cache.recent) continue;
      const sealed: KeyValues = {
        keys: join(cache.sealed?.keys, cache.recent.keys),
        values: join(cache.sealed?.values, cache.recent.values),
      };
      disposeKeyValues(cache.sealed);
      disposeKeyValues(cache.recent);
      cache.sealed = sealed;
      cache.recent = null;
    }
    this.#sealedSlots += this.#recentSlots;
    this.#recentSlots = 0;
    this.#remask();
  }

  #remask(): void {
    this.#sealedMask?.dispose();
    this.#sealedMask = this.#sealedSlots > 0 ? tf.keep(this.#maskOf(0, this.#sealedSlots)) : null;
  }

  /** After it, row r's positions 0, 1, 2, ... lie in slots 0, 1, 2, ... */
  rebuild(sources: readonly CacheSource[], prefilled: Prefilled | null): void {
    this.#seal();
    const lengths = sources.map((source) => this.#lengthOf(source));
    const longest = Math.max(...lengths);
    const slots = Math.ceil(longest / BLOCK) * BLOCK;
    if (slots > 0) {
      const index = this.#gatherIndex(sources, lengths, slots, prefilled?.time ?? 0);
      this.#layers.forEach((cache, layer) => {
        const fresh = prefilled?.layers[layer];
        const [keys, values] = tf.tidy(() => [
          this.#gather(cache.sealed?.keys, fresh?.keys, index, sources.length, slots),
          this.#gather(cache.sealed?.values, fresh?.values, index, sources.length, slots),
        ]);
        disposeKeyValues(cache.sealed);
        if (!keys || !values) throw new Error('The cache lost its tensors.');
        cache.sealed = { keys, values };
      });
    } else this.#clear();
    this.#rows = sources.length;
    this.#sealedSlots = slots;
    this.#slotsOf = lengths.map((length) => Array.from({ length }, (_, slot) => slot));
    this.#remask();
  }

  #lengthOf(source: CacheSource): number {
    switch (source.from) {
      case 'cache':
        return this.#slotsOf[source.row]!.length;
      case 'prefill':
        return source.length;
      case 'nothing':
        return 0;
    }
  }

  /** For each number-row of the new cache, its number-row in [old cache; prefilled]. // [rows * kvHeads * slots] */
  #gatherIndex(
    sources: readonly CacheSource[],
    lengths: readonly number[],
    slots: number,
    prefilledTime: number,
  ): Int32Array {
    const index = new Int32Array(sources.length * this.#kvHeads * slots); // masked slots take row 0, any number will do
    const prefilledStart = this.#rows * this.#kvHeads * this.#sealedSlots;
    sources.forEach((source, r) => {
      if (source.from === 'nothing') return;
      for (let head = 0; head < this.#kvHeads; head++) {
        const target = (r * this.#kvHeads + head) * slots;
        for (let position = 0; position < lengths[r]!; position++) {
          index[target + position] =
            source.from === 'cache'
              ? (source.row * this.#kvHeads + head) * this.#sealedSlots +
                this.#slotsOf[source.row]![position]!
              : prefilledStart + (source.row * this.#kvHeads + head) * prefilledTime + position;
        }
      }
    });
    return index;
  }

  #gather(
    old: tf.Tensor | undefined,
    fresh: tf.Tensor | undefined,
    index: Int32Array,
    rows: number,
    slots: number,
  ): tf.Tensor {
    const pieces = [old, fresh].flatMap((x) => (x ? [tf.reshape(x, [-1, this.#headDim])] : []));
    const source = pieces.length === 1 && pieces[0] ? pieces[0] : tf.concat(pieces, 0);
    return tf.reshape(tf.gather(source, tf.tensor1d(index, 'int32')), [
      rows,
      this.#kvHeads,
      slots,
      this.#headDim,
    ]);
  }

  #clear(): void {
    for (const cache of this.#layers) {
      disposeKeyValues(cache.sealed);
      disposeKeyValues(cache.recent);
      cache.sealed = null;
      cache.recent = null;
    }
    this.#sealedMask?.dispose();
    this.#sealedMask = null;
  }

  dispose(): void {
    this.#clear();
    this.#slotsOf = [];
    this.#rows = 0;
    this.#sealedSlots = 0;
    this.#recentSlots = 0;
  }
}

export function disposeKeyValues(pair: KeyValues | null): void {
  if (pair) tf.dispose([pair.keys, pair.values]);
}
