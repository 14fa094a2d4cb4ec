import { describe, expect, it } from 'vitest';
import { scored } from '../train/testing/scoredBatch.ts';
import { tokenUpdate } from './tokenUpdate.ts';

const objective = { clipLow: 0.2, clipHigh: 0.28, dualClip: 10 };
const sample = scored(0, 0, 1);
const index = sample.lossMask.indexOf(1);
const after = (advantage: number, ratio: number, lossTokens = 100, lossWeight = 50) => ({
  ...sample,
  advantage,
  update: {
    logProbsNow: sample.logProbs.map((value) => value + Math.log(ratio)),
    lossTokens,
    lossWeight,
  },
});

describe('what an update did to a token', () => {
  it('is its ratio, and the bound that holds there', () => {
    const clip = (advantage: number, ratio: number) =>
      tokenUpdate(after(advantage, ratio), index, objective)?.clip;
    expect(tokenUpdate(after(0.5, 1.2), index, objective)).toMatchObject({
      ratio: expect.closeTo(1.2, 5) as number,
      clip: 'none',
      lossShare: 0.01,
    });
    expect([clip(1, 1.27), clip(1, 1.29), clip(1, 0.1)]).toEqual(['none', 'high', 'none']);
    expect([clip(-1, 0.81), clip(-1, 0.79), clip(-1, 9.9), clip(-1, 10.1)]).toEqual([
      'none',
      'low',
      'none',
      'dual',
    ]);
  });

  it('is undefined where it is undefined', () => {
    expect(tokenUpdate(sample, 0, objective)).toBeNull(); // forced
    expect(tokenUpdate(sample, index, objective)).toMatchObject({
      logProbNow: null,
      ratio: null,
      clip: null,
      lossShare: null,
    });
    expect(tokenUpdate(after(0, 1.5), index, objective)?.clip).toBeNull();
    expect(tokenUpdate(after(1, 1.5, 0, 0), index, objective)).toMatchObject({ clip: null, lossShare: null });
  });
});
