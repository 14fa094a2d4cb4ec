import { describe, expect, it } from 'vitest';
import { warmupCosine } from './schedule.ts';

describe('learning-rate schedules', () => {
  it('warms up linearly and then stays', () => {
    expect([0, 1, 4, 5, 50].map((step) => warmupCosine(step, 50, 2, 5, 1))).toEqual([0.4, 0.8, 2, 2, 2]);
    expect(warmupCosine(0, 50, 2, 0, 1)).toBe(2);
  });

  it('falls along a cosine to its final share', () => {
    expect(warmupCosine(0, 100, 1, 0, 0.1)).toBe(1);
    expect(warmupCosine(50, 100, 1, 0, 0.1)).toBeCloseTo(0.55, 10);
    expect(warmupCosine(100, 100, 1, 0, 0.1)).toBeCloseTo(0.1, 10);
    expect(warmupCosine(0, 100, 1, 50, 0.1)).toBeCloseTo(0.02, 10);
  });
});
