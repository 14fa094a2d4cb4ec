/** The seeded generator: forks that do not depend on draws, and numbers that look uniform. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from './random.ts';

const draws = (random: Random, count: number) => Array.from({ length: count }, () => random.uint32());
const names = fc.array(fc.oneof(fc.integer(), fc.string({ maxLength: 8 })), { minLength: 1, maxLength: 3 });

describe('Random', () => {
  it('forks by name alone: draws from a parent or a sibling change nothing', () => {
    fc.assert(
      fc.property(fc.integer(), names, names, fc.nat(50), (seed, path, other, drawn) => {
        const untouched = new Random(seed).fork(...path);
        const parent = new Random(seed);
        draws(parent, drawn);
        draws(parent.fork(...other), drawn);
        expect(draws(parent.fork(...path), 5)).toEqual(draws(untouched, 5));
      }),
    );
  });

  it('gives different numbers under different names and seeds', () => {
    const paths = [['a'], ['b'], ['a', 1], ['a', 2], ['b', 1]] as const;
    const first = [1, 2, 3].flatMap((seed) => paths.map((path) => new Random(seed).fork(...path).uint32()));
    expect(new Set(first).size).toBe(first.length);
    expect(new Random(1).fork('a').fork('b').uint32()).toBe(new Random(1).fork('a', 'b').uint32());
  });

  it('is the same generator on every machine', () => {
    expect(draws(new Random(1), 3)).toEqual(draws(new Random('1'), 3));
    expect(draws(new Random(1), 3)).toMatchInlineSnapshot(`
      [
        986517678,
        2672681029,
        625981019,
      ]
    `);
  });

  it('is uniform: chi-square over 100 bins, correlation of neighbours, and across neighbouring forks', () => {
    const count = 100_000;
    const chiSquare = (sample: () => number) => {
      const bins = new Array<number>(100).fill(0);
      for (let i = 0; i < count; i++) {
        const bin = Math.floor(sample() * 100);
        bins[bin] = (bins[bin] ?? 0) + 1;
      }
      return bins.reduce((sum, n) => sum + (n - count / 100) ** 2 / (count / 100), 0);
    };
    // 99 degrees of freedom: mean 99, standard deviation 14.
    const random = new Random(2);
    expect(Math.abs(chiSquare(() => random.uniform()) - 99)).toBeLessThan(70);
    let index = 0;
    expect(Math.abs(chiSquare(() => random.fork('problem', index++).uniform()) - 99)).toBeLessThan(70);
    const sequence = Array.from({ length: count }, () => random.uniform() - 0.5);
    const covariance = sequence.reduce((sum, x, i) => sum + x * (sequence[i + 1] ?? 0), 0) / count;
    expect(Math.abs(covariance * 12)).toBeLessThan(0.02);
  });

  it('draws whole numbers from a range, both ends included', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: -50, max: 50 }), fc.nat(20), (seed, low, width) => {
        const random = new Random(seed);
        const seen = new Set(Array.from({ length: 600 }, () => random.integer(low, low + width)));
        expect([Math.min(...seen), Math.max(...seen), seen.size]).toEqual([low, low + width, width + 1]);
      }),
      { numRuns: 40 },
    );
  });

  it('shuffles into a permutation and leaves its argument alone', () => {
    fc.assert(
      fc.property(fc.integer(), fc.array(fc.integer()), (seed, items) => {
        const before = [...items];
        const shuffled = new Random(seed).shuffle(items);
        expect(items).toEqual(before);
        expect([...shuffled].sort((a, b) => a - b)).toEqual([...items].sort((a, b) => a - b));
      }),
    );
    const firsts = new Array<number>(4).fill(0);
    const random = new Random(4);
    for (let i = 0; i < 8000; i++) {
      const first = random.shuffle([0, 1, 2, 3])[0] ?? 0;
      firsts[first] = (firsts[first] ?? 0) + 1;
    }
    for (const n of firsts) expect(Math.abs(n - 2000)).toBeLessThan(200);
  });

  it('draws normals with mean 0 and variance 1', () => {
    const random = new Random(5);
    const sample = Array.from({ length: 50_000 }, () => random.normal());
    const mean = sample.reduce((sum, x) => sum + x, 0) / sample.length;
    const variance = sample.reduce((sum, x) => sum + (x - mean) ** 2, 0) / sample.length;
    expect(Math.abs(mean)).toBeLessThan(0.02);
    expect(Math.abs(variance - 1)).toBeLessThan(0.03);
    expect(sample.every(Number.isFinite)).toBe(true);
  });

  it('refuses to choose from nothing', () => {
    expect(() => new Random(1).choice([])).toThrow(/non-empty/);
  });
});
