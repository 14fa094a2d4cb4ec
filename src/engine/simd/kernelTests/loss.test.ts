/** The loss against the objective in float64: every statistic of every row, and dLogits against central differences. */
import { expect, test } from 'vitest';
import { expectClose } from '../../testing/kernelCases.ts';
import { differentiateRows, lossBatch, lossCases, lossSizes } from '../../testing/lossCases.ts';
import { lossOracle, lossStatNames } from '../../testing/oracle.ts';
import { describeKernels } from '../testing/openKernels.ts';

const kinds = { logProbs: 0, sft: 1, grpo: 2 } as const;

describeKernels('loss', ({ random, call, put, room, read }) => {
  for (const { name, settings } of lossCases) {
    test.each(lossSizes)(`${name}: segments $lengths, $vocabulary tokens`, ({ lengths, vocabulary }) => {
      const batch = lossBatch(lengths, vocabulary, settings, random);
      const { rows, tokens, stride, logits, targets, packedTargets } = batch;
      const inverseCount = 1 / 3;
      const run = (kind: keyof typeof kinds) => {
        const { temperature, clipLow, clipHigh, dualClip, tisCap, entropyCoefficient, klCoefficient } =
          settings;
        const objective = call().objective(
          0,
          kinds[kind],
          inverseCount,
          temperature,
          clipLow,
          clipHigh,
          dualClip,
          tisCap,
          entropyCoefficient,
          klCoefficient,
        );
        const [z, stats] = [put(logits), room(rows * 8)];
        call().loss(objective, put(tokens), put(packedTargets), z, stats, rows, 0, vocabulary, stride);
        call().release(objective);
        return { logits: read(z, rows * stride), stats: read(stats, rows * 8) };
      };
      const want = lossOracle(logits, tokens, targets, settings, vocabulary);
      const got = run(settings.objective);
      // A row's own log-probability and entropy are written only where they are asked for, below.
      lossStatNames.slice(0, 6).forEach((stat, field) => {
        expectClose(
          want.map((_, row) => got.stats[row * 8 + field]!),
          want.map((row) => row[stat]),
          1e-4,
        );
      });
      const losses = (z: Float64Array) =>
        lossOracle(z, tokens, targets, settings, vocabulary).map((row) => row.loss);
      const gradient = differentiateRows(losses, logits, stride).map((slope) => slope * inverseCount);
      expectClose(got.logits, gradient, 2e-4);

      const scored = run('logProbs');
      lossStatNames.slice(6).forEach((stat, field) => {
        expectClose(
          want.map((_, row) => scored.stats[row * 8 + 6 + field]!),
          want.map((row) => row[stat]),
          1e-4,
        );
      });
    });
  }

  test('rows of a batch that do not begin at its first row', () => {
    const vocabulary = 5;
    const stride = 8;
    const settings = call().objective(0, kinds.logProbs, 1, 1, 0, 0, 0, 0, 0, 0);
    // Rows 3 to 5 of a batch, one sequence of three.
    const tokens = put(Uint32Array.of(1, 0, 3, 6, 2, 1, 3, 6, 4, 2, 3, 6));
    const stats = room(24);
    call().loss(settings, tokens, room(24), room(3 * stride), stats, 3, 3, vocabulary, stride);
    call().release(settings);
    const logProbs = [0, 1, 2].map((row) => read(stats, 24)[row * 8 + 6]);
    expectClose(logProbs as number[], [-Math.log(5), -Math.log(5), 0]);
    expect(logProbs[2]).toBe(0);
  });
});
