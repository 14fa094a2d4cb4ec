/**
 * Lists as the phases use them: one item that must be there, pieces of a batch, draws without replacement.
 */
import type { Random } from '../random/random.ts';

/** `items[index]`, which must exist: an engine may only name, and must answer for, the sequences it was given. */
export function itemAt<T>(items: readonly T[], index: number): T {
  const item = items[index];
  if (item === undefined) throw new Error(`There is no item ${index}.`);
  return item;
}

/** Consecutive pieces of at most `size` items. */
export function chunks<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  );
}

/** `count` consecutive pieces whose sizes differ by at most one, the larger ones first; a piece for each item where there are fewer. */
export function evenChunks<T>(items: readonly T[], count: number): T[][] {
  const pieces = Math.min(count, items.length);
  const start = (piece: number) =>
    piece * Math.floor(items.length / pieces) + Math.min(piece, items.length % pieces);
  return Array.from({ length: pieces }, (_, piece) => items.slice(start(piece), start(piece + 1)));
}

/** Draws items without replacement, reshuffling whenever all have been drawn. */
export function endlessShuffle<T>(items: readonly T[], random: Random): () => T {
  let queue: T[] = [];
  return () => {
    if (queue.length === 0) queue = random.shuffle(items);
    const item = queue.pop();
    if (item === undefined) throw new Error('There is nothing to draw from.');
    return item;
  };
}
