/** Training on random shapes, against tfjs: gradients of every term of the objective, and the losses of fifty steps. */
import { afterAll, describe, expect, test } from 'vitest';
import { initialiseTensors } from '../../../policy/initialise.ts';
import { policyConfig, type PolicyConfig } from '../../../policy/config.ts';
import { Random } from '../../../random/random.ts';
import { createTfjsEngine } from '../../tfjs/tfjsEngine.ts';
import { largestDifference, lively, objective, optimizer, sequences } from '../testing/trainingBatches.ts';
import { gpuSharingKernels } from '../testing/sharedKernels.ts';
import { createWgslEngine } from '../wgslEngine.ts';

describe('against tfjs on its CPU backend', () => {
  const shapes: readonly (Partial<PolicyConfig> & { readonly seed: number })[] = [
    { seed: 1, heads: 6, kvHeads: 2, headDim: 10, hiddenSize: 28, intermediateSize: 44, layers: 3 },
    {
      seed: 2,
      heads: 3,
      kvHeads: 1,
      headDim: 6,
      hiddenSize: 15,
      intermediateSize: 21,
      tieWordEmbeddings: true,
    },
    { seed: 3, heads: 4, kvHeads: 4, headDim: 4, hiddenSize: 24, intermediateSize: 50, layers: 1 },
  ];
  let disposals: (() => void)[] = [];
  afterAll(() => {
    for (const dispose of disposals) dispose();
    disposals = [];
  });

  test.each(shapes)('gradients of GRPO with every term, shape $seed', async ({ seed, ...shape }) => {
    const config = { ...policyConfig('micro', 29), ...shape };
    const tfjs = await createTfjsEngine({ config, preferredBackends: ['cpu'] });
    const wgsl = await createWgslEngine({ config, gpu: gpuSharingKernels });
    disposals.push(
      () => {
        tfjs.dispose();
      },
      () => {
        wgsl.dispose();
      },
    );
    const random = new Random(seed);
    const lengths = Array.from({ length: 4 }, () => random.integer(1, 26));
    const batch = sequences(config, [...lengths, 12], seed);
    const grpo = {
      kind: 'grpo',
      sequences: batch,
      objective,
      referenceLogProbs: batch.map((s) => s.samplerLogProbs),
    } as const;
    for (const engine of [tfjs, wgsl]) await engine.loadTensors(lively(config, seed));
    const [want, got] = [await tfjs.gradients(grpo), await wgsl.gradients(grpo)];
    for (const [name, value] of Object.entries(want.stats)) {
      expect(Object.entries(got.stats).find(([key]) => key === name)?.[1], name).toBeCloseTo(
        value as number,
        3,
      );
    }
    expect(largestDifference(got.gradients, want.gradients)).toBeLessThan(2e-4);
  });

  test('50 training steps: the losses stay within 1%', async () => {
    const config = { ...policyConfig('micro', 19), hiddenSize: 16, headDim: 8, intermediateSize: 24 };
    const tfjs = await createTfjsEngine({ config, preferredBackends: ['cpu'] });
    const wgsl = await createWgslEngine({ config, gpu: gpuSharingKernels });
    const weights = initialiseTensors(config, new Random(9));
    for (const engine of [tfjs, wgsl]) await engine.loadTensors(weights);
    let first = 0;
    let last = 0;
    for (let i = 0; i < 50; i++) {
      // A pattern to learn: counting up from a random start.
      const random = new Random(i);
      const batch = Array.from({ length: 4 }, () => {
        const start = random.integer(0, 18);
        return {
          tokens: Int32Array.from({ length: 12 }, (_, t) => (start + t) % 19),
          lossMask: Uint8Array.from({ length: 12 }, (_, t) => (t > 0 ? 1 : 0)),
        };
      });
      const want = await tfjs.step({ kind: 'sft', sequences: batch }, optimizer);
      const got = await wgsl.step({ kind: 'sft', sequences: batch }, optimizer);
      expect(Math.abs(got.loss / want.loss - 1), `step ${i}`).toBeLessThan(0.01);
      if (i === 0) first = got.loss;
      last = got.loss;
    }
    expect(last).toBeLessThan(first * 0.7);
    tfjs.dispose();
    wgsl.dispose();
  });
});
