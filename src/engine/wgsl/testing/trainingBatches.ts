/** What the tests of training share: settings, lively weights, random sequences, and how far two sets of tensors are apart. */
import { initialiseTensors } from '../../../policy/initialise.ts';
import type { NamedTensors, PolicyConfig } from '../../../policy/config.ts';
import { Random } from '../../../random/random.ts';
import type { GrpoSequence, OptimizerSettings } from '../../engine.ts';

export const optimizer: OptimizerSettings = {
  learningRate: 3e-3,
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  weightDecay: 0.1,
  maxGradNorm: 1,
};
export const objective = {
  clipLow: 0.2,
  clipHigh: 0.28,
  dualClip: 3,
  tisCap: 2,
  entropyCoefficient: 0.01,
  klCoefficient: 0.05,
  temperature: 0.9,
};

/** Weights large enough that every part of the model matters; an untied head is not zero. */
export function lively(config: PolicyConfig, seed: number): NamedTensors {
  const random = new Random(seed);
  return new Map(
    [...initialiseTensors(config, random)].map(([name, { shape, data }]) => {
      const draws = random.fork('lively', name);
      return [name, { shape, data: data.map((x) => x + (shape.length === 2 ? 0.15 : 0.1) * draws.normal()) }];
    }),
  );
}

export function sequences(config: PolicyConfig, lengths: readonly number[], seed = 5): GrpoSequence[] {
  const random = new Random(seed);
  return lengths.map((length) => ({
    tokens: Int32Array.from({ length }, () => random.integer(0, config.vocabularySize - 1)),
    lossMask: Uint8Array.from({ length }, (_, t) => (t > 0 && random.uniform() < 0.8 ? 1 : 0)),
    advantage: random.normal(),
    oldLogProbs: Float32Array.from({ length }, () => -3.5 + 0.5 * random.normal()),
    samplerLogProbs: Float32Array.from({ length }, () => -3.5 + 0.5 * random.normal()),
  }));
}

export function largestDifference(got: NamedTensors, want: NamedTensors): number {
  let worst = 0;
  for (const [name, { data }] of want) {
    const scale = data.reduce((max, x) => Math.max(max, Math.abs(x)), 1e-6);
    data.forEach((x, i) => {
      const difference = Math.abs(x - got.get(name)!.data[i]!) / scale;
      worst = Number.isNaN(difference) ? Infinity : Math.max(worst, difference);
    });
  }
  return worst;
}
