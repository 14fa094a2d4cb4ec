import { describe, expect, it } from 'vitest';
import { policyConfig, policyPresetNames } from './config.ts';
import { parseShape, shapePattern, shapeProblem, shapeText } from './shape.ts';

describe('a policy’s shape in a word', () => {
  it.each(policyPresetNames)('reads back as itself: %s', (preset) => {
    for (const tieWordEmbeddings of [true, false]) {
      const config = {
        ...policyConfig(preset, 61),
        ropeTheta: 1_000_000,
        rmsNormEps: 1e-7,
        tieWordEmbeddings,
      };
      expect(shapeText(config)).toMatch(shapePattern);
      expect(parseShape(shapeText(config), 61)).toEqual(config);
      expect(shapeProblem(config)).toBeUndefined();
    }
  });

  it('names nothing where it is empty or wrong', () => {
    for (const text of ['', 'd64', 'd64-l2-h4x16-kv4-f160-theta10000-eps0.000001', 'mini'])
      expect(parseShape(text, 61)).toBeNull();
  });

  it.each([
    [{ kvHeads: 3 }, /do not divide/],
    [{ headDim: 15 }, /odd/],
    [{ layers: 0 }, /1 or more/],
    [{ ropeTheta: 0 }, /above 0/],
    [{ hiddenSize: 4096, layers: 30 }, /million/],
  ])('says why no engine computes %o', (change, sentence) => {
    expect(shapeProblem({ ...policyConfig('mini', 61), ...change })).toMatch(sentence);
  });
});
