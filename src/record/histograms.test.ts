import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HistogramSeries } from './histograms.ts';

describe('HistogramSeries', () => {
  it('keeps one column a round while they are few', () => {
    const histograms = new HistogramSeries();
    histograms.append(1, [3, 1]);
    histograms.append(2, [0, 4]);
    expect(histograms.columns()).toEqual([
      { round: 1, through: 1, counts: [3, 1] },
      { round: 2, through: 2, counts: [0, 4] },
    ]);
  });

  it('merges columns of equal width and loses no trajectory', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 700 }), fc.integer({ min: 1, max: 20 }), (rounds, limit) => {
        const histograms = new HistogramSeries(limit);
        for (let round = 1; round <= rounds; round++) {
          histograms.append(round, round % 2 === 0 ? [1, 2, 3] : [4]);
        }
        const columns = histograms.columns();
        expect(columns.length).toBeLessThanOrEqual(limit);
        const total = columns.flatMap(({ counts }) => counts).reduce((a, b) => a + b, 0);
        expect(total).toBe(Math.floor(rounds / 2) * 6 + Math.ceil(rounds / 2) * 4);
        expect(columns[0]?.round).toBe(1);
        expect(columns.at(-1)?.through).toBe(rounds);
        const widths = new Set(columns.slice(0, -1).map(({ round, through }) => through - round + 1));
        expect(widths.size).toBeLessThanOrEqual(1);
        columns.slice(1).forEach((column, i) => expect(column.round).toBe((columns[i]?.through ?? 0) + 1));
        expect(histograms.all()).toHaveLength(rounds);
      }),
      { numRuns: 80 },
    );
  });
});
