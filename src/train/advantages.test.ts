import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { groupAdvantages, isDeadGroup } from './advantages.ts';

describe('group-relative advantages', () => {
  it('divides by the unbiased deviation, as verl does', () => {
    // One right of four: mean 0.25, variance (0.5625 + 3 * 0.0625) / 3 = 0.25.
    const advantages = groupAdvantages([1, 0, 0, 0], true);
    expect(advantages[0]).toBeCloseTo(1.5, 4);
    expect(advantages[1]).toBeCloseTo(-0.5, 4);
  });

  it('only centres when told to (Dr. GRPO)', () => {
    expect(groupAdvantages([1, 0, 0, 0], false)).toEqual([0.75, -0.25, -0.25, -0.25]);
  });

  it('gives a dead group exactly zero', () => {
    expect(groupAdvantages([1, 1, 1], true)).toEqual([0, 0, 0]);
    expect(isDeadGroup([0, 0])).toBe(true);
    expect(isDeadGroup([0, 1])).toBe(false);
  });

  it('sums to zero and orders as the rewards do', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 2, maxLength: 16 }), (rewards) => {
        const advantages = groupAdvantages(rewards, true);
        expect(advantages.reduce((sum, a) => sum + a, 0)).toBeCloseTo(0, 6);
        rewards.forEach((reward, i) => {
          if (!isDeadGroup(rewards)) expect(Math.sign(advantages[i] ?? 0)).toBe(reward === 1 ? 1 : -1);
        });
      }),
    );
  });
});
