/**
 * What the static plan promises beyond the conformance suite: micro-batches add up, the steady state creates no GPU object and
 * keeps its budget of dispatches and submits, what is planned is what is allocated, and 50 steps are bit-identical.
 */
import { expect, test } from 'vitest';
import { policyConfig } from '../../../policy/config.ts';
import { largestDifference, lively, objective, optimizer, sequences } from '../testing/trainingBatches.ts';
import { gpuSharingKernels } from '../testing/sharedKernels.ts';
import { watchDevice } from '../testing/watchDevice.ts';
import { createWgslEngine } from '../wgslEngine.ts';

test('micro-batches add up to the whole batch', async () => {
  const config = policyConfig('micro', 23);
  const batch = {
    kind: 'grpo',
    sequences: sequences(config, [40, 1, 33, 7, 64, 3, 50, 20]),
    objective: { ...objective, klCoefficient: 0 },
  } as const;
  const whole = await createWgslEngine({ config, gpu: gpuSharingKernels });
  await whole.loadTensors(lively(config, 1));
  const split = await createWgslEngine({ config, gpu: gpuSharingKernels, maxRows: 64 });
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
  const { gpu, calls } = watchDevice(gpuSharingKernels);
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

test('two steps are on the GPU at once, never three, and one that is not finite is skipped between the others', async () => {
  const config = policyConfig('micro', 23);
  const { gpu, calls } = watchDevice(gpuSharingKernels);
  const engine = await createWgslEngine({ config, gpu });
  const good = {
    kind: 'grpo',
    sequences: sequences(config, [9, 5]),
    objective: { ...objective, klCoefficient: 0 },
  } as const;
  const bad = { ...good, sequences: good.sequences.map((sequence) => ({ ...sequence, advantage: NaN })) };
  await engine.loadTensors(lively(config, 1));
  for (let i = 0; i < 4; i++) await engine.step(good, optimizer);
  const want = await engine.readTensors();

  await engine.loadTensors(lively(config, 1));
  calls.length = 0;
  let known = 0;
  /** Steps submitted and not yet known of, each time that one is. */
  const onGpu: number[] = [];
  const outcomes = await Promise.allSettled(
    [good, good, bad, good, good].map((batch) =>
      engine.step(batch, optimizer).finally(() => {
        onGpu.push(calls.filter((call) => call === 'submit').length - known);
        known++;
      }),
    ),
  );
  expect(onGpu).toEqual([2, 2, 2, 2, 1]);
  expect(outcomes.map(({ status }) => status)).toEqual([
    ...['fulfilled', 'fulfilled', 'rejected'],
    ...['fulfilled', 'fulfilled'],
  ]);
  expect(await engine.readTensors()).toEqual(want);
  expect((await engine.readOptimizer()).step).toBe(4);
  engine.dispose();
});

test('on a GPU a batch of many micro-batches is four submits, and the same step', async () => {
  const config = policyConfig('micro', 23);
  const lengths = Array.from({ length: 40 }, (_, i) => 3 + ((i * 7) % 41));
  const batch = { kind: 'grpo', sequences: sequences(config, lengths), objective } as const;
  const withReference = { ...batch, referenceLogProbs: batch.sequences.map((s) => s.samplerLogProbs) };
  const { gpu, calls } = watchDevice(gpuSharingKernels);
  const split = await createWgslEngine({ config, gpu, maxRows: 64, tuning: 'gpu' });
  const whole = await createWgslEngine({ config, gpu: gpuSharingKernels, tuning: 'gpu' });
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
    const { gpu, liveBytes } = watchDevice(gpuSharingKernels);
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
    const engine = await createWgslEngine({ config, gpu: gpuSharingKernels });
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
