/**
 * Prefill: the keys and values of whole prompts in one padded forward pass, once per distinct prompt.
 *
 * GRPO samples each prompt several times, so a group's rows share one prefilled prompt. The prompt's last token is left to
 * the first decoding step, which needs its logits anyway.
 * Invariant: the weights are those of the moment the session began, also when the engine has stepped since.
 */
import * as tf from '@tensorflow/tfjs';
import type { KeyValues } from './attention.ts';
import type { PackingLimits } from './batching.ts';
import { bucketRows, bucketTime } from './batching.ts';
import type { Model } from './model.ts';
import type { Prefilled } from './rolloutCache.ts';

export class Prefill {
  readonly #model: Model;
  readonly #weights: readonly tf.Tensor[];
  readonly #limits: PackingLimits;
  readonly #heads: number;

  constructor(model: Model, weights: readonly tf.Tensor[], heads: number, limits: PackingLimits) {
    this.#model = model;
    this.#weights = weights.map((weight) => tf.clone(weight));
    this.#limits = limits;
    this.#heads = heads;
  }

  /** `rowOf[i]` is prompt i's row in `prefilled`, whose tensors the caller disposes; null when no prompt has two tokens. */
  run(prompts: readonly (readonly number[])[]): { prefilled: Prefilled | null; rowOf: number[] } {
    const rows = new Map<string, number>();
    const distinct: (readonly number[])[] = [];
    const rowOf = prompts.map((prompt) => {
      const key = prompt.join();
      const known = rows.get(key);
      if (known !== undefined) return known;
      rows.set(key, distinct.length);
      distinct.push(prompt);
      return distinct.length - 1;
    });
    const longest = distinct.reduce((most, prompt) => Math.max(most, prompt.length - 1), 0);
    if (longest === 0) return { prefilled: null, rowOf };
    const time = bucketTime(longest);
    const byAttention = Math.floor(this.#limits.attentionScores / (this.#heads * time * time));
    const chunk = Math.max(1, Math.min(Math.floor(this.#limits.tokens / time), byAttention));
    const pieces: KeyValues[][] = [];
    for (let start = 0; start < distinct.length; start += chunk) {
      const piece = distinct.slice(start, start + chunk);
      const last = start + chunk >= distinct.length;
      const rowsHere = last ? bucketRows(piece.length) : piece.length;
      pieces.push(this.#forward(piece, rowsHere, time));
    }
    return { prefilled: { layers: joinPieces(pieces), time }, rowOf };
  }

  #forward(prompts: readonly (readonly number[])[], rows: number, time: number): KeyValues[] {
    const tokens = new Int32Array(rows * time);
    prompts.forEach((prompt, row) => tokens.set(prompt.slice(0, -1), row * time));
    return this.#model.keyValues(this.#weights, tokens, rows, time);
  }

  dispose(): void {
    tf.dispose([...this.#weights]);
  }
}

function joinPieces(pieces: readonly KeyValues[][]): KeyValues[] {
  const [first = [], ...rest] = pieces;
  if (rest.length === 0) return first;
  return first.map((_, layer) => {
    const parts = pieces.flatMap((piece) => piece[layer]!);
    const joined = {
      keys: tf.concat(parts.map((part) => part.keys)),
      values: tf.concat(parts.map((part) => part.values)),
    };
    for (const part of parts) tf.dispose([part.keys, part.values]);
    return joined;
  });
}
