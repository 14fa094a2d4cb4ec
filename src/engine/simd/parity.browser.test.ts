/**
 * The two hand-written engines against each other on random shapes: odd widths, grouped queries, tied and untied heads. They share the
 * layout of parameters and rows, and no kernel.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { tensorShapes, type NamedTensors, type PolicyConfig } from '../../policy/config.ts';
import { Random } from '../../random/random.ts';
import type { GrpoObjective, GrpoSequence, PolicyEngine } from '../engine.ts';
import { expectClose } from '../testing/kernelCases.ts';
import { gpuSharingKernels } from '../wgsl/testing/sharedKernels.ts';
import { createWgslEngine } from '../wgsl/wgslEngine.ts';
import { createSimdEngine } from './simdEngine.ts';

const objective: GrpoObjective = {
  clipLow: 0.2,
  clipHigh: 0.28,
  dualClip: 3,
  tisCap: 2,
  entropyCoefficient: 0.02,
  klCoefficient: 0.1,
  temperature: 1.2,
};

function randomConfig(random: Random): PolicyConfig {
  const kvHeads = random.integer(1, 3);
  return {
    vocabularySize: random.integer(5, 70),
    hiddenSize: 4 * random.integer(2, 12),
    layers: random.integer(1, 3),
    heads: kvHeads * random.integer(1, 3),
    kvHeads,
    headDim: 2 * random.integer(1, 12),
    intermediateSize: 4 * random.integer(2, 20),
    rmsNormEps: 1e-6,
    ropeTheta: 10_000,
    tieWordEmbeddings: random.uniform() < 0.5,
  };
}

function randomWeights(config: PolicyConfig, random: Random): NamedTensors {
  return new Map(
    [...tensorShapes(config)].map(([name, shape]) => {
      const fanIn = shape[1];
      const length = shape.reduce((size, n) => size * n, 1);
      const data = Float32Array.from({ length }, () =>
        fanIn === undefined ? 1 + 0.2 * random.normal() : random.normal() / Math.sqrt(fanIn),
      );
      return [name, { shape, data }];
    }),
  );
}

function randomBatch(config: PolicyConfig, random: Random): GrpoSequence[] {
  return [1, 2, 9, 40, 17].map((length) => {
    const old = Float32Array.from({ length }, () => -Math.log(config.vocabularySize) + 0.3 * random.normal());
    return {
      tokens: Int32Array.from({ length }, () => random.integer(0, config.vocabularySize - 1)),
      lossMask: Uint8Array.from({ length }, (_, t) => (t > 0 && random.uniform() < 0.8 ? 1 : 0)),
      advantage: random.normal(),
      oldLogProbs: old,
      samplerLogProbs: old.map((x) => x + 0.2 * random.normal()),
    };
  });
}

describe.each([1, 2, 3, 4])('shape %i', (seed) => {
  const random = new Random(`parity ${seed}`);
  const config = randomConfig(random);
  const sequences = randomBatch(config, random);
  let simd: PolicyEngine;
  let wgsl: PolicyEngine;
  beforeAll(async () => {
    const weights = randomWeights(config, random);
    [simd, wgsl] = [
      await createSimdEngine({ config }),
      await createWgslEngine({ config, gpu: gpuSharingKernels }),
    ];
    await Promise.all([simd.loadTensors(weights), wgsl.loadTensors(weights)]);
  }, 120_000);
  afterAll(() => {
    simd.dispose();
    wgsl.dispose();
  });

  test('the same log-probabilities, loss and gradients', async () => {
    const [ours, theirs] = [await simd.logProbs(sequences, 0.9), await wgsl.logProbs(sequences, 0.9)];
    ours.forEach(({ logProbs, entropies }, i) => {
      expectClose(logProbs, theirs[i]!.logProbs, 1e-4);
      expectClose(entropies, theirs[i]!.entropies, 1e-4);
    });
    const referenceLogProbs = theirs.map(({ logProbs }) => logProbs);
    const batch = { kind: 'grpo', sequences, objective, referenceLogProbs } as const;
    const [got, want] = [await simd.gradients(batch), await wgsl.gradients(batch)];
    expect(got.stats.tokens).toBe(want.stats.tokens);
    expectClose([got.stats.loss], [want.stats.loss], 1e-4);
    expectClose([got.stats.gradNorm], [want.stats.gradNorm], 1e-4);
    for (const [name, { data }] of want.gradients) expectClose(got.gradients.get(name)!.data, data, 2e-4);
  });

  test('the same greedy tokens', async () => {
    const roll = async (engine: PolicyEngine) => {
      const session = engine.startRollout({
        sampling: { temperature: 0, topP: 1 },
        seed: 1,
        context: 24,
        turnEndTokens: [],
        endTokens: [1],
      });
      session.add([2, 3, 4].map((id) => ({ id, prompt: [id, 0, id] })));
      const finished = new Map<number, number[]>();
      while (session.live > 0) {
        for (const { sequence } of await session.advance()) finished.set(sequence.id, [...sequence.tokens]);
      }
      session.dispose();
      return [...finished].sort(([a], [b]) => a - b);
    };
    expect(await roll(simd)).toEqual(await roll(wgsl));
  });
});
