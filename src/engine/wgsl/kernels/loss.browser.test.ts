/**
 * loss.wgsl against the objective in float64: every statistic of every row, and dLogits against central differences of the whole
 * loss. Rows are placed on each branch on purpose: both clips, dual clip, the cap of the importance weight.
 */
import { expect, test } from 'vitest';
import { policyConfig } from '../../../policy/config.ts';
import { Random } from '../../../random/random.ts';
import { describeKernels, expectClose, packed } from '../testing/kernelTesting.ts';
import { lossDispatches } from '../model/modelForward.ts';
import { lossOracle, lossStatNames, type LossSettings, type LossTarget } from '../testing/oracle.ts';
import { TARGET_FLOATS } from '../../layout/packing.ts';

const grpo: LossSettings = {
  objective: 'grpo',
  temperature: 1,
  clipLow: 0.2,
  clipHigh: 0.28,
  dualClip: 3,
  tisCap: 2,
  entropyCoefficient: 0,
  klCoefficient: 0,
};

/** log(ratio) and log(old / sampler) that take a row through each branch, for either sign of the advantage. */
const logRatios = [-0.9, -0.1, 0.1, 0.6, 1.6];
const logWeights = [-0.4, 0.3, 1.1];

const cases: readonly { name: string; settings: LossSettings }[] = [
  { name: 'SFT', settings: { ...grpo, objective: 'sft' } },
  { name: 'GRPO as in the paper', settings: grpo },
  {
    name: 'GRPO at temperature 0.7 with entropy',
    settings: { ...grpo, temperature: 0.7, entropyCoefficient: 0.03 },
  },
  {
    name: 'GRPO with every term',
    settings: { ...grpo, temperature: 1.3, entropyCoefficient: 0.01, klCoefficient: 0.2 },
  },
];
const sizes = [
  { lengths: [1, 2], vocabulary: 1 },
  { lengths: [7, 1, 3], vocabulary: 3 },
  { lengths: [65], vocabulary: 7 },
  { lengths: [3, 31], vocabulary: 33 },
  { lengths: [33, 2], vocabulary: 65 },
];

function makeBatch(lengths: readonly number[], vocabulary: number, settings: LossSettings, random: Random) {
  const { rows, tokens } = packed(lengths, random, vocabulary);
  const stride = Math.ceil(vocabulary / 4) * 4;
  // What lies in the padding must not matter.
  const logits = Float32Array.from({ length: rows * stride }, () => 1.5 * random.normal());
  const neutral = { mask: 1, advantage: 0, oldLogProb: 0, samplerLogProb: 0, referenceLogProb: 0 };
  const now = lossOracle(
    logits,
    tokens,
    Array.from({ length: rows }, () => neutral),
    settings,
    vocabulary,
  );
  const targets: LossTarget[] = now.map(({ logProb }, row) => {
    const oldLogProb = Math.fround(logProb - logRatios[row % logRatios.length]!);
    return {
      mask: row % 4 === 3 ? 0 : 1,
      advantage: Math.fround(random.normal() + (row % 2 === 0 ? 0.5 : -0.5)),
      oldLogProb,
      samplerLogProb: Math.fround(oldLogProb - logWeights[row % logWeights.length]!),
      referenceLogProb: Math.fround(logProb + 0.5 * random.normal()),
    };
  });
  return { rows, tokens, stride, logits, targets };
}

/** d(a row's loss) / d(its logits) by central differences; rows are independent, so all are moved at once. */
function differentiateRows(losses: (z: Float64Array) => number[], logits: Float32Array, stride: number) {
  const epsilon = 1e-5;
  const gradient = new Float64Array(logits.length);
  for (let column = 0; column < stride; column++) {
    const moved = (by: number) =>
      losses(Float64Array.from(logits, (z, i) => (i % stride === column ? z + by : z)));
    const [up, down] = [moved(epsilon), moved(-epsilon)];
    up.forEach((value, row) => {
      gradient[row * stride + column] = (value - down[row]!) / (2 * epsilon);
    });
  }
  return gradient;
}

describeKernels('loss', ({ harness, random, context }) => {
  for (const { name, settings } of cases) {
    test.each(sizes)(`${name}: segments $lengths, $vocabulary tokens`, async ({ lengths, vocabulary }) => {
      const { rows, tokens, stride, logits, targets } = makeBatch(lengths, vocabulary, settings, random);
      const packedTargets = new Float32Array(rows * TARGET_FLOATS);
      targets.forEach((t, row) => {
        const values = [t.mask, t.advantage, t.oldLogProb, t.samplerLogProb, t.referenceLogProb];
        packedTargets.set(values, row * TARGET_FLOATS);
      });
      const inverseCount = 1 / 3;
      const { objective, ...coefficients } = settings;
      const run = (wanted: typeof objective | 'logProbs') =>
        harness().run(
          { tokens, targets: packedTargets, logits, rowStats: new Float32Array(rows * 8) },
          { rows, ...coefficients, objective: wanted, inverseCount },
          (buffer, uniform) => lossDispatches(context(policyConfig('micro', vocabulary), 1, buffer, uniform)),
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
    });
  }

  test('the rows above go through every branch', () => {
    const { targets, tokens, logits } = makeBatch([65], 7, grpo, new Random('branches'));
    const rows = lossOracle(logits, tokens, targets, grpo, 7);
    for (const stat of ['clipLow', 'clipHigh', 'dualClip'] as const) {
      expect(rows.some((row) => row[stat] === 1)).toBe(true);
      expect(rows.some((row) => row[stat] === 0)).toBe(true);
    }
    const weights = targets.map((t) => Math.exp(t.oldLogProb - t.samplerLogProb));
    expect(weights.some((w) => w > grpo.tisCap) && weights.some((w) => w < grpo.tisCap)).toBe(true);
  });
});
