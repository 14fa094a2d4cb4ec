/**
 * What the static plan promises beyond the conformance suite: micro-batches add up, the steady state creates no GPU object and
 * keeps its budget of dispatches and submits, 50 steps are bit-identical, and the numbers follow tfjs on random shapes.
 */
import { afterAll, describe, expect, test } from 'vitest';
import { initialiseTensors } from '../../../policy/initialise.ts';
import { policyConfig, type NamedTensors, type PolicyConfig } from '../../../policy/config.ts';
import { Random } from '../../../random/random.ts';
import type { GrpoSequence, OptimizerSettings } from '../../engine.ts';
import { createTfjsEngine } from '../../tfjs/tfjsEngine.ts';
import { watchDevice } from '../testing/watchDevice.ts';
import { createWgslEngine } from '../wgslEngine.ts';

const optimizer: OptimizerSettings = {
  learningRate: 3e-3,
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  weightDecay: 0.1,
  maxGradNorm: 1,
};
const objective = {
  clipLow: 0.2,
  clipHigh: 0.28,
  dualClip: 3,
  tisCap: 2,
  entropyCoefficient: 0.01,
  klCoefficient: 0.05,
  temperature: 0.9,
};

/** Weights large enough that every part of the model matters; an untied head is not zero. */
function lively(config: PolicyConfig, seed: number): NamedTensors {
  const random = new Random(seed);
  return new Map(
    [...initialiseTensors(config, random)].map(([name, { shape, data }]) => {
      const draws = random.fork('lively', name);
      return [name, { shape, data: data.map((x) => x + (shape.length === 2 ? 0.15 : 0.1) * draws.normal()) }];
    }),
  );
}

function sequences(config: PolicyConfig, lengths: readonly number[], seed = 5): GrpoSequence[] {
  const random = new Random(seed);
  return lengths.map((length) => ({
    tokens: Int32Array.from({ length }, () => random.integer(0, config.vocabularySize - 1)),
    lossMask: Uint8Array.from({ length }, (_, t) => (t > 0 && random.uniform() < 0.8 ? 1 : 0)),
    advantage: random.normal(),
    oldLogProbs: Float32Array.from({ length }, () => -3.5 + 0.5 * random.normal()),
    samplerLogProbs: Float32Array.from({ length }, () => -3.5 + 0.5 * random.normal()),
  }));
}

function largestDifference(got: NamedTensors, want: NamedTensors): number {
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

test('micro-batches add up to the whole batch', async () => {
  const config = policyConfig('micro', 23);
  const batch = {
    kind: 'grpo',
    sequences: sequences(config, [40, 1, 33, 7, 64, 3, 50, 20]),
    objective: { ...objective, klCoefficient: 0 },
  } as const;
  const whole = await createWgslEngine({ config });
  await whole.loadTensors(lively(config, 1));
  const split = await createWgslEngine({ config, maxRows: 64 });
  await split.loadTensors(lively(config, 1));
  const [a, b] = [await whole.gradients(batch), await split.gradients(batch)];
  expect(whole.lastStep.submits).toBe(1);
  expect(split.lastStep.submits).toBeGreaterThan(3);
  expect(b.stats.loss).toBeCloseTo(a.stats.loss, 5);
  expect(b.stats.gradNorm / a.stats.gradNorm).toBeCloseTo(1, 5);
  expect(largestDifference(b.gradients, a.gradients)).toBeLessThan(1e-5);
  whole.dispose();
  split.dispose();
});

test('a steady-state step of four layers creates no GPU object: one submit, at most 200 dispatches', async () => {
  const config = { ...policyConfig('micro', 23), layers: 4 };
  const { gpu, calls } = watchDevice();
  const engine = await createWgslEngine({ config, gpu });
  await engine.loadTensors(lively(config, 1));
  const batch = { kind: 'sft', sequences: sequences(config, [30, 12]) } as const;
  await engine.step(batch, optimizer);
  calls.length = 0;
  await engine.step(batch, optimizer);
  await engine.step({ kind: 'sft', sequences: sequences(config, [9, 17, 4]) }, optimizer);
  expect(calls).toEqual(['submit', 'submit']);
  expect(engine.lastStep).toEqual({ submits: 1, dispatches: engine.lastStep.dispatches });
  expect(engine.lastStep.dispatches).toBeLessThanOrEqual(200);
  expect(engine.lastStep.dispatches).toBeGreaterThan(4 * 20);
  engine.dispose();
});

test('on a GPU a batch of many micro-batches is four submits, and the same step', async () => {
  const config = policyConfig('micro', 23);
  const lengths = Array.from({ length: 40 }, (_, i) => 3 + ((i * 7) % 41));
  const batch = { kind: 'grpo', sequences: sequences(config, lengths), objective } as const;
  const withReference = { ...batch, referenceLogProbs: batch.sequences.map((s) => s.samplerLogProbs) };
  const { gpu, calls } = watchDevice();
  const split = await createWgslEngine({ config, gpu, maxRows: 64, tuning: 'gpu' });
  const whole = await createWgslEngine({ config, tuning: 'gpu' });
  for (const engine of [split, whole]) await engine.loadTensors(lively(config, 1));
  const [got, want] = [
    await split.step(withReference, optimizer),
    await whole.step(withReference, optimizer),
  ];
  expect(whole.lastStep.submits).toBe(1);
  expect(split.lastStep.submits).toBe(4);
  expect(split.lastStep.dispatches).toBeGreaterThan(12 * (whole.lastStep.dispatches - 3));
  for (const [name, value] of Object.entries(want)) {
    const same = Object.entries(got).find(([key]) => key === name)?.[1] as number;
    expect(same, name).toBeCloseTo(value as number, 5);
  }
  expect(largestDifference(await split.readTensors(), await whole.readTensors())).toBeLessThan(1e-5);
  calls.length = 0;
  await split.step(withReference, optimizer);
  expect(calls).toEqual(['submit', 'submit', 'submit', 'submit']);
  split.dispose();
  whole.dispose();
});

test.each(['gpu', 'software'] as const)(
  'what is planned is what is allocated, tuned for %s',
  async (tuning) => {
    const config = policyConfig('micro', 23);
    const { gpu, liveBytes } = watchDevice();
    const engine = await createWgslEngine({ config, gpu, maxRows: 96, tuning });
    const lengths = Array.from({ length: 30 }, (_, i) => 20 + (i % 21));
    const needs = { context: 40, rows: lengths.reduce((a, b) => a + b, 0), slots: 70 };
    const planned = engine.memory(needs);
    await engine.loadTensors(lively(config, 1));
    await engine.step({ kind: 'sft', sequences: sequences(config, lengths) }, optimizer);
    const session = engine.startRollout({
      sampling: { temperature: 1, topP: 1 },
      seed: 1,
      context: needs.context,
      turnEndTokens: [],
      endTokens: [],
    });
    session.add(Array.from({ length: needs.slots }, (_, id) => ({ id, prompt: [1, 2, 3] })));
    await session.advance(1);
    expect(liveBytes()).toBe(planned.total);
    const snapshot = await engine.snapshot();
    expect(liveBytes()).toBe(planned.total + planned.snapshot);
    await engine.logProbs(sequences(config, lengths), 1, snapshot);
    snapshot.dispose();
    await engine.logProbs([], 1); // served after everything before it
    expect(liveBytes()).toBe(planned.total);
    await engine.snapshot(); // left to the engine
    session.dispose();
    engine.dispose();
    expect(liveBytes()).toBe(0);
  },
);

test('50 steps from one seed give bit-identical weights', async () => {
  const config = policyConfig('micro', 23);
  const run = async () => {
    const engine = await createWgslEngine({ config });
    await engine.loadTensors(lively(config, 3));
    const losses = [];
    for (let i = 0; i < 50; i++) {
      const batch = sequences(config, [5 + (i % 7), 21, 14], i);
      losses.push((await engine.step({ kind: 'sft', sequences: batch }, optimizer)).loss);
    }
    const tensors = await engine.readTensors();
    engine.dispose();
    return { losses, tensors };
  };
  const first = await run();
  expect(await run()).toEqual(first);
});

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
    const wgsl = await createWgslEngine({ config });
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
    const wgsl = await createWgslEngine({ config });
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
