import { describe, expect, it } from 'vitest';
import { warmupConstant, warmupCosine } from './schedule.ts';

describe('learning-rate schedules', () => {
  it('warms up linearly and then stays', () => {
    expect([0, 1, 4, 5, 50].map((step) => warmupConstant(step, 2, 5))).toEqual([0.4, 0.8, 2, 2, 2]);
    expect(warmupConstant(0, 2, 0)).toBe(2);
  });

  it('falls along a cosine to its final share', () => {
    expect(warmupCosine(0, 100, 1, 0, 0.1)).toBe(1);
    expect(warmupCosine(50, 100, 1, 0, 0.1)).toBeCloseTo(0.55, 10);
    expect(warmupCosine(100, 100, 1, 0, 0.1)).toBeCloseTo(0.1, 10);
    expect(warmupCosine(0, 100, 1, 50, 0.1)).toBeCloseTo(0.02, 10);
  });
});
