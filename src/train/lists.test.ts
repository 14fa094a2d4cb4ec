import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { chunks, evenChunks, itemAt } from './lists.ts';

describe('lists', () => {
  it('are split evenly into as many pieces as asked for, or as there are items', () => {
    expect(evenChunks([1, 2, 3, 4, 5], 4)).toEqual([[1, 2], [3], [4], [5]]);
    expect(evenChunks([1, 2, 3, 4], 2)).toEqual([
      [1, 2],
      [3, 4],
    ]);
    const items = fc.array(fc.integer());
    fc.assert(
      fc.property(items, fc.integer({ min: 1, max: 20 }), (all, count) => {
        const pieces = evenChunks(all, count);
        const sizes = pieces.map(({ length }) => length);
        expect(pieces.flat()).toEqual(all);
        expect(pieces).toHaveLength(Math.min(count, all.length));
        if (all.length > 0) expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1);
      }),
    );
  });

  it('are cut into pieces of a size, the last one shorter', () => {
    expect(chunks([1, 2, 3, 4, 5], 2)).toEqual([[1, 2], [3, 4], [5]]);
  });

  it('have the item asked for, or say that they do not', () => {
    expect(itemAt(['a'], 0)).toBe('a');
    expect(() => itemAt(['a'], 1)).toThrow('There is no item 1.');
  });
});
