import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { outcomeMetrics, rewardChange } from './outcome.ts';

describe('what the reward is made of', () => {
  it('is the share right, and the share right of those that were not cut off', () => {
    const values = outcomeMetrics([
      { reward: 1, stop: 'end' },
      { reward: 0, stop: 'end' },
      { reward: 0, stop: 'context' },
      { reward: 0, stop: 'context' },
    ]);
    expect(values).toEqual({ 'critic/score/mean': 0.25, 'critic/score/finished_mean': 0.5 });
    expect(outcomeMetrics([{ reward: 0, stop: 'context' }])).toEqual({ 'critic/score/mean': 0 });
  });
});

describe('a change of the reward', () => {
  it('is all cut-offs where the answers stay as good', () => {
    const change = rewardChange({ right: 0.2, cutOff: 0.6 }, { right: 0.45, cutOff: 0.1 });
    expect(change.total).toBeCloseTo(0.25);
    expect(change.cutOffs).toBeCloseTo(0.25);
    expect(change.answers).toBeCloseTo(0);
  });

  it('is all answers where as many are cut off', () => {
    const change = rewardChange({ right: 0.2, cutOff: 0.5 }, { right: 0.4, cutOff: 0.5 });
    expect(change.cutOffs).toBeCloseTo(0);
    expect(change.answers).toBeCloseTo(0.2);
  });

  it('can be a rise by cut-offs that hides answers that got worse', () => {
    const change = rewardChange({ right: 0.18, cutOff: 0.5 }, { right: 0.27, cutOff: 0 });
    expect(change.cutOffs).toBeGreaterThan(0.09);
    expect(change.answers).toBeLessThan(0);
  });

  it('adds up, whatever the shares, also where everything was cut off', () => {
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    const shares = fc.tuple(share, share).map(([cutOff, right]) => ({ cutOff, right: right * (1 - cutOff) }));
    fc.assert(
      fc.property(shares, shares, (before, after) => {
        const { total, cutOffs, answers } = rewardChange(before, after);
        expect(Number.isFinite(cutOffs)).toBe(true);
        expect(cutOffs + answers).toBeCloseTo(total, 9);
        expect(total).toBeCloseTo(after.right - before.right, 9);
      }),
    );
    expect(rewardChange({ right: 0, cutOff: 1 }, { right: 0.5, cutOff: 0 })).toMatchObject({ cutOffs: 0.5 });
  });
});
