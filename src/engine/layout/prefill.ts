/**
 * Prefill: tokens whose identity is known (prompts, tool output) go through the decoder many at a time, for the keys and values
 * they leave in the cache.
 *
 * Invariant: a prefill may be cut anywhere, because a row reads every earlier key of its slot from the cache; so any number of
 * tokens fits a plan of any number of rows. Order within a slot is kept.
 */
import { TOKEN_WORDS } from './packing.ts';

export interface Prefill {
  readonly slot: number;
  /** Of the first token; every position before it is in the cache already, or in an earlier prefill. */
  readonly position: number;
  readonly tokens: readonly number[];
  /** Other slots that begin with the same tokens. */
  readonly copyTo: readonly number[];
}

/** Rows of (token, position, slot, 0). // [rows, TOKEN_WORDS] */
export function prefillWords(prefills: readonly Prefill[]): number[] {
  return prefills.flatMap(({ slot, position, tokens }) =>
    tokens.flatMap((token, t) => [token, position + t, slot, 0]),
  );
}

/** The rows in lots of at most `rows`. // [lots][rows, TOKEN_WORDS] */
export function cutPrefill(prefills: readonly Prefill[], rows: number): Uint32Array<ArrayBuffer>[] {
  const words = prefillWords(prefills);
  const lots: Uint32Array<ArrayBuffer>[] = [];
  for (let from = 0; from < words.length; from += rows * TOKEN_WORDS) {
    lots.push(Uint32Array.from(words.slice(from, from + rows * TOKEN_WORDS)));
  }
  return lots;
}

/** Sequences that begin with the same tokens are prefilled once and copied. */
export function sharePrefixes(
  beginnings: readonly { readonly slot: number; readonly tokens: readonly number[] }[],
): Prefill[] {
  const shared = new Map<string, { slot: number; tokens: readonly number[]; copyTo: number[] }>();
  for (const { slot, tokens } of beginnings) {
    if (tokens.length === 0) continue;
    const key = tokens.join();
    const known = shared.get(key);
    if (known) known.copyTo.push(slot);
    else shared.set(key, { slot, tokens, copyTo: [] });
  }
  return [...shared.values()].map((one) => ({ ...one, position: 0 }));
}
