/** Pretraining: what a base reads, and that the same settings make the same weights. */
import { describe, expect, it } from 'vitest';
import { createSimdEngine } from '../engine/simd/simdEngine.ts';
import { policyConfig } from '../policy/config.ts';
import { planCode } from '../tasks/teacher.ts';
import { isHeldOut } from '../tasks/problems.ts';
import { vocabularySize } from '../tasks/vocabulary.ts';
import { baseAccuracy } from './baseAccuracy.ts';
import { batchOfLength, batchPlans, pretrain, type PretrainSettings } from './pretrain.ts';
import { defaultSettings } from './settings.ts';
import { ArithmeticSandbox } from './testing/arithmeticSandbox.ts';

const settings: PretrainSettings = {
  policy: 'micro',
  corpus: {
    task: { family: 'chain', valueMax: 20, operations: '+-', firstLetter: 'any' },
    lengths: { min: 1, max: 3 },
    mixedShare: 0.3,
    mixedToolShares: '0.5',
    checkShare: 0.2,
  },
  steps: 40,
  batchSize: 4,
  learningRate: 5e-3,
  warmupSteps: 10,
  finalRatio: 0.05,
  optimizer: { ...defaultSettings.optimizer, weightDecay: 0.01 },
  seed: 5,
};

describe('the corpus', () => {
  it('has chains of one length in a batch, none of them held out, and every length', () => {
    const lengths = new Set<number>();
    for (let step = 0; step < 30; step++) {
      const plans = batchPlans(settings, step);
      const [length = 0, ...others] = new Set(plans.map(({ problem }) => problem.steps.length));
      expect(others).toEqual([]);
      expect(plans).toHaveLength(batchOfLength(4, length));
      expect(plans.some(({ problem }) => isHeldOut(problem.question))).toBe(false);
      lengths.add(length);
    }
    expect([...lengths].sort()).toEqual([1, 2, 3]);
    expect(batchPlans(settings, 7)).toEqual(batchPlans(settings, 7));
    expect([1, 6, 7, 14].map((length) => batchOfLength(8, length))).toEqual([28, 8, 8, 8]);
  });

  it('mixes steps by tool in as often as it says, and otherwise only checks', () => {
    const thinker = { ...settings, corpus: { ...settings.corpus, mixedShare: 0 } };
    const plansOf = (of: PretrainSettings) =>
      Array.from({ length: 200 }, (_, step) => batchPlans(of, step)).flat();
    const purposes = (of: PretrainSettings) =>
      new Set(
        plansOf(of).flatMap(({ segments }) =>
          segments.flatMap((one) => (one.kind === 'call' ? [one.purpose] : [])),
        ),
      );
    expect(purposes(thinker)).toEqual(new Set(['check']));
    expect(purposes(settings)).toEqual(new Set(['check', 'step']));
    const plans = plansOf(settings);
    const mixed = plans.filter(({ style }) => style === 'dense').length;
    expect(Math.abs(mixed / plans.length - 0.3)).toBeLessThan(0.05);
    const checked = plans.filter((plan) => plan.style === 'sparse' && planCode(plan).length > 0).length;
    expect(Math.abs(checked / (plans.length - mixed) - 0.2)).toBeLessThan(0.05);
  });
});

describe('pretraining', () => {
  it('makes the same weights from the same settings, whatever the threads, and learns', async () => {
    const make = async (threads: number) => {
      const engine = await createSimdEngine({ config: policyConfig('micro', vocabularySize), threads });
      const losses: number[] = [];
      let calls = 0;
      for await (const step of pretrain(engine, new ArithmeticSandbox(), settings)) {
        losses.push(step.loss);
        calls += step.calls;
      }
      const weights = [...(await engine.readTensors()).values()].map(({ data }) => data);
      const accuracy = await baseAccuracy(engine, new ArithmeticSandbox(), settings.corpus, [1, 4], 8, 1);
      engine.dispose();
      return { losses, weights, calls, accuracy };
    };
    const [one, two] = [await make(1), await make(2)];
    expect(one.losses).toHaveLength(40);
    expect(one.calls).toBeGreaterThan(0);
    expect(one.losses.at(-1)).toBeLessThan(0.8 * (one.losses[0] ?? 0));
    expect(two).toEqual(one);
    expect(one.accuracy.byLength.map(({ length, of }) => [length, of])).toEqual([
      [1, 8],
      [4, 8],
    ]);
  });
});
