/**
 * loss.wgsl against the objective in float64: every statistic of every row, and dLogits against central differences of the whole
 * loss. Rows are placed on each branch on purpose: both clips, dual clip, the cap of the importance weight.
 */
import { expect, test } from 'vitest';
import { policyConfig } from '../../../policy/config.ts';
import { Random } from '../../../random/random.ts';
import { expectClose } from '../../testing/kernelCases.ts';
import { differentiateRows, grpo, lossBatch, lossCases, lossSizes } from '../../testing/lossCases.ts';
import { describeKernels } from '../testing/kernelTesting.ts';
import { lossDispatches } from '../model/modelForward.ts';
import { lossOracle, lossStatNames } from '../../testing/oracle.ts';

describeKernels('loss', ({ harness, random, context }) => {
  for (const { name, settings } of lossCases) {
    test.each(lossSizes)(
      `${name}: segments $lengths, $vocabulary tokens`,
      async ({ lengths, vocabulary }) => {
        const batch = lossBatch(lengths, vocabulary, settings, random);
        const { rows, tokens, stride, logits, targets, packedTargets } = batch;
        const inverseCount = 1 / 3;
        const { objective, ...coefficients } = settings;
        const run = (wanted: typeof objective | 'logProbs') =>
          harness().run(
            { tokens, targets: packedTargets, logits, rowStats: new Float32Array(rows * 8) },
            { rows, ...coefficients, objective: wanted, inverseCount },
            (buffer, uniform) =>
              lossDispatches(context(policyConfig('micro', vocabulary), 1, buffer, uniform)),
          );
        const want = lossOracle(logits, tokens, targets, settings, vocabulary);
        const got = await run(objective);
        lossStatNames.forEach((stat, field) => {
          expectClose(
            want.map((_, row) => got['rowStats']![row * 8 + field]!),
            want.map((row) => row[stat]),
            1e-4,
          );
        });
        const losses = (z: Float64Array) =>
          lossOracle(z, tokens, targets, settings, vocabulary).map((row) => row.loss);
        const gradient = differentiateRows(losses, logits, stride).map((slope) => slope * inverseCount);
        expectClose(got['logits'], gradient, 2e-4);

        const scored = await run('logProbs');
        expect(scored['logits']).toEqual(logits);
        expectClose(
          want.map((_, row) => scored['rowStats']![row * 8 + 6]!),
          want.map((row) => row.logProb),
          1e-4,
        );
      },
    );
  }

  test('the rows above go through every branch', () => {
    const { targets, tokens, logits } = lossBatch([65], 7, grpo, new Random('branches'));
    const rows = lossOracle(logits, tokens, targets, grpo, 7);
    for (const stat of ['clipLow', 'clipHigh', 'dualClip'] as const) {
      expect(rows.some((row) => row[stat] === 1)).toBe(true);
      expect(rows.some((row) => row[stat] === 0)).toBe(true);
    }
    const weights = targets.map((t) => Math.exp(t.oldLogProb - t.samplerLogProb));
    expect(weights.some((w) => w > grpo.tisCap) && weights.some((w) => w < grpo.tisCap)).toBe(true);
  });
});
