import { expect, it } from 'vitest';
import { createSimdEngine } from '../../engine/simd/simdEngine.ts';
import { COMPILING_MS } from '../../engine/simd/testing/openKernels.ts';
import { policyConfig } from '../../policy/config.ts';
import { Random } from '../../random/random.ts';
import { benchWeights, trainingBatch } from '../workload.ts';
import { engineContestant } from './contestant.ts';
import { createJaxPeer } from './jaxPeer.ts';

it(
  'trains the same decoder as our engine: losses agree, step after step',
  async () => {
    const config = policyConfig('micro', 23);
    const now = () => performance.now();
    const ours = await createSimdEngine({ config, threads: 1 });
    const contestants = [
      engineContestant('simd1', 'simd', ours, now, () => true),
      await createJaxPeer(config, now),
    ];
    const weights = benchWeights(config, new Random('jax'));
    const batch = trainingBatch('micro', 23, 3, new Random('batch'));
    const losses: (number | null)[][] = [];
    for (const contestant of contestants) {
      await contestant.load(weights);
      const taken = [];
      for (let step = 0; step < 3; step++) {
        const { loss, tokens } = await contestant.run({ kind: 'sft', batch });
        expect(tokens).toBe(batch.reduce((sum, one) => sum + one.tokens.length, 0));
        taken.push(loss);
      }
      contestant.dispose();
      losses.push(taken);
    }
    const [simd, jax] = losses;
    expect(simd![2]).toBeLessThan(simd![0]! - 1e-5); // the optimizer moves something
    jax!.forEach((loss, step) => expect(loss).toBeCloseTo(simd![step]!, 5));
  },
  COMPILING_MS,
);
