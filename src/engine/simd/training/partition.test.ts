import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_SLOTS, MICRO_BATCH_ROWS, partition } from './partition.ts';

test('a small batch has one slot, a large one eight that are about alike', () => {
  expect(partition([])).toEqual([]);
  expect(partition([0, 20, 0, 90])).toEqual([[{ first: 0, rows: 110 }]]);
  const sizes = partition(new Array<number>(32).fill(100)).map((slot) =>
    slot.reduce((sum, { rows }) => sum + rows, 0),
  );
  expect(sizes).toEqual(new Array<number>(8).fill(400));
});

test('every row once, in order, in micro-batches of whole sequences', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 900 }), { minLength: 1, maxLength: 100 }), (lengths) => {
      const starts = new Set<number>();
      let total = 0;
      for (const length of lengths) {
        starts.add(total);
        total += length;
      }
      const slots = partition(lengths);
      expect(slots.length).toBeLessThanOrEqual(MAX_SLOTS);
      let row = 0;
      for (const range of slots.flat()) {
        expect(range.first).toBe(row);
        expect(starts.has(row)).toBe(true);
        expect(range.rows).toBeGreaterThan(0);
        expect(range.rows).toBeLessThanOrEqual(Math.max(MICRO_BATCH_ROWS, ...lengths));
        row += range.rows;
      }
      expect(row).toBe(total);
    }),
  );
});
