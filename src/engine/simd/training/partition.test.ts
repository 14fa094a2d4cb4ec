import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_SLOTS, MICRO_BATCH_ROWS, partition } from './partition.ts';

test('micro-batches hold whole sequences, in order, and are dealt evenly', () => {
  expect(partition([300, 0, 80, 200, 90, 1000, 1])).toEqual([
    [{ first: 0, rows: 671 - 1 }],
    [{ first: 670, rows: 1000 }],
    [{ first: 1670, rows: 1 }],
  ]);
});

test('every row once, no micro-batch too large, at most eight slots', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 900 }), { minLength: 1, maxLength: 100 }), (lengths) => {
      const slots = partition(lengths);
      const ranges = slots.flat();
      let row = 0;
      for (const range of ranges) {
        expect(range.first).toBe(row);
        expect(range.rows).toBeGreaterThan(0);
        expect(range.rows).toBeLessThanOrEqual(Math.max(MICRO_BATCH_ROWS, ...lengths));
        row += range.rows;
      }
      expect(row).toBe(lengths.reduce((a, b) => a + b, 0));
      expect(slots.length).toBeLessThanOrEqual(MAX_SLOTS);
      const counts = slots.map((slot) => slot.length);
      if (counts.length > 0) expect(Math.max(...counts) - Math.min(...counts)).toBeLessThanOrEqual(1);
    }),
  );
});
