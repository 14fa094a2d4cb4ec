/** Curation: every trajectory is accounted for, and the set is what the filters say. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../random/random.ts';
import { chainTask, faultless, teach } from '../tasks/testing/teacher.ts';
import { reward } from '../tasks/verifier.ts';
import { curate, firstFilterFailed, type CurationSettings } from './curate.ts';
import { densityBin, densityHistogram } from './density.ts';

const settings: CurationSettings = { sparseMax: 2, denseMin: 9, bin: 'all', keepZero: false, size: 10_000 };
const pool = teach(chainTask, { ...faultless, slipRate: 0.05, badCallRate: 0.05 }, 400, 3, {
  min: 6,
  max: 12,
}).map(({ trajectory }) => trajectory);
const total = (histogram: readonly number[]) => histogram.reduce((sum, n) => sum + n, 0);

describe('curation', () => {
  it('keeps or counts every trajectory exactly once, whatever the settings', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...(['all', 'sparse', 'medium', 'dense', 'belowDense'] as const)),
        fc.boolean(),
        fc.integer({ min: 0, max: 500 }),
        fc.integer({ min: 1, max: 4 }),
        fc.integer({ min: 5, max: 12 }),
        (bin, keepZero, size, sparseMax, denseMin) => {
          const chosen = { bin, keepZero, size, sparseMax, denseMin };
          const { kept, report } = curate(pool, chosen, new Random(1));
          const { wrongAnswer, failedCall, otherBin, surplus } = report.dropped;
          expect(kept.length + wrongAnswer + failedCall + otherBin + surplus).toBe(pool.length);
          expect(kept.length).toBeLessThanOrEqual(size);
          expect(new Set(kept).size).toBe(kept.length);
          expect([
            total(report.poolHistogram),
            total(report.soundHistogram),
            total(report.keptHistogram),
          ]).toEqual([pool.length, pool.length - wrongAnswer - failedCall, kept.length]);
          for (const trajectory of kept) {
            expect(reward(trajectory.problem, trajectory.tokens)).toBe(1);
            expect(trajectory.calls.every((call) => call.result.kind === 'ok')).toBe(true);
            const own = densityBin(trajectory.calls.length, chosen);
            const counted = own ?? (keepZero ? 'sparse' : 'none');
            if (bin === 'belowDense') expect(['sparse', 'medium']).toContain(counted);
            else if (bin !== 'all') expect(counted).toBe(bin);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('finds work for every filter in a pool with accidents', () => {
    const { report } = curate(pool, { ...settings, bin: 'dense', size: 5 }, new Random(1));
    for (const count of Object.values(report.dropped)) expect(count).toBeGreaterThan(0);
    for (const examples of Object.values(report.examples)) expect(examples).toHaveLength(3);
    expect(report.kept).toBe(5);
    const example = report.examples.failedCall[0];
    if (example === undefined) throw new Error('An example is expected.');
    expect(firstFilterFailed(example, settings)).toBe('failedCall');
    // Correctness comes first: this one's answer is right.
    expect(reward(example.problem, example.tokens)).toBe(1);
  });

  it('chooses by seed', () => {
    const choose = (seed: number) => curate(pool, { ...settings, size: 20 }, new Random(seed)).kept;
    expect(choose(1)).toEqual(choose(1));
    expect(choose(1)).not.toEqual(choose(2));
  });

  it('bins and counts densities', () => {
    expect([0, 1, 2, 3, 8, 9, 50].map((calls) => densityBin(calls, settings))).toEqual([
      null,
      'sparse',
      'sparse',
      'medium',
      'medium',
      'dense',
      'dense',
    ]);
    expect(densityHistogram([])).toEqual([]);
    const histogram = densityHistogram(pool);
    histogram.forEach((count, calls) =>
      expect(count).toBe(pool.filter((trajectory) => trajectory.calls.length === calls).length),
    );
    expect(histogram.at(-1)).toBeGreaterThan(0);
  });

  it('gives an empty set and its reasons where nothing passes', () => {
    const { kept, report } = curate(pool, { ...settings, bin: 'dense', denseMin: 99 }, new Random(1));
    expect(kept).toEqual([]);
    expect(report.dropped.otherBin).toBeGreaterThan(0);
    expect(report.keptHistogram).toEqual([]);
  });
});
