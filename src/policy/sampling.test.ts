import { describe, expect, it } from 'vitest';
import { sampleToken, uniformAt } from './sampling.ts';

const logits = Float32Array.of(9, 9, 1, 0, 2, -1, 9); // the row under test starts at 2
const row = { offset: 2, size: 4 }; // 1, 0, 2, -1
const draw = (temperature: number, topP: number, uniform: number) =>
  sampleToken(logits, row.offset, row.size, { temperature, topP }, uniform);

const probabilities = (temperature: number) => {
  const weights = [1, 0, 2, -1].map((x) => Math.exp(x / temperature));
  const total = weights.reduce((a, b) => a + b);
  return weights.map((w) => w / total);
};

describe('sampleToken', () => {
  it('is greedy at temperature 0, with the log-probability at temperature 1', () => {
    for (const uniform of [0, 0.5, 0.999]) {
      const { token, logProb } = draw(0, 1, uniform);
      expect(token).toBe(2);
      expect(logProb).toBeCloseTo(Math.log(probabilities(1)[2]!), 12);
    }
  });

  it.each([0.6, 1, 1.7])(
    'draws in proportion at temperature %d, and says how probable it was',
    (temperature) => {
      const counts = [0, 0, 0, 0];
      const draws = 20_000;
      for (let i = 0; i < draws; i++) {
        const { token, logProb } = draw(temperature, 1, (i + 0.5) / draws);
        counts[token] = counts[token]! + 1;
        expect(logProb).toBeCloseTo(Math.log(probabilities(temperature)[token]!), 10);
      }
      counts.forEach((count, token) => {
        expect(count / draws).toBeCloseTo(probabilities(temperature)[token]!, 3);
      });
    },
  );

  it('keeps the nucleus and reports probabilities before the cut', () => {
    // 0.64, 0.24, 0.09, 0.03: a nucleus of 0.8 holds the first two
    const seen = new Set<number>();
    for (let i = 0; i < 1000; i++) {
      const { token, logProb } = draw(1, 0.8, i / 1000);
      seen.add(token);
      expect(logProb).toBeCloseTo(Math.log(probabilities(1)[token]!), 10);
    }
    expect([...seen].sort()).toEqual([0, 2]);
    expect(draw(1, 1e-9, 0.999).token).toBe(2);
  });

  it('stays in the vocabulary for logits however large', () => {
    const extreme = Float32Array.of(3e38, -3e38, 0);
    expect(sampleToken(extreme, 0, 3, { temperature: 1, topP: 1 }, 0.9999999)).toEqual({
      token: 0,
      logProb: 0,
    });
  });
});

describe('uniformAt', () => {
  it('is uniform, and differs by seed, sequence and position', () => {
    const bins = new Array<number>(10).fill(0);
    const n = 20_000;
    for (let i = 0; i < n; i++) {
      const u = uniformAt(7, i % 100, Math.floor(i / 100));
      expect(u).toBeGreaterThanOrEqual(0);
      expect(u).toBeLessThan(1);
      const bin = Math.floor(u * 10);
      bins[bin] = bins[bin]! + 1;
    }
    for (const count of bins) expect(Math.abs(count / n - 0.1)).toBeLessThan(0.01);
    expect(uniformAt(7, 1, 2)).toBe(uniformAt(7, 1, 2));
    expect(
      new Set([uniformAt(7, 1, 2), uniformAt(7, 2, 1), uniformAt(8, 1, 2), uniformAt(7, 1, 3)]).size,
    ).toBe(4);
  });
});
