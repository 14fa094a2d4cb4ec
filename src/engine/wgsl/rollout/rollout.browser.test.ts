/**
 * Rollouts on the GPU against the specification (src/policy/sampling.ts) and against the engine's own full forward:
 * greedy tokens, log-probabilities, every sampled token re-drawn on the CPU, forced tokens, refill, frequencies.
 */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { policyConfig, tensorShapes, type NamedTensors, type PolicyConfig } from '../../../policy/config.ts';
import { sampleToken, uniformAt } from '../../../policy/sampling.ts';
import { Random } from '../../../random/random.ts';
import type { RolloutOptions, RolloutSequence, RolloutSession } from '../../engine.ts';
import { gpuSharingKernels } from '../testing/sharedKernels.ts';
import { watchDevice } from '../testing/watchDevice.ts';
import { createWgslEngine, type WgslEngine } from '../wgslEngine.ts';

const config: PolicyConfig = {
  ...policyConfig('micro', 37),
  heads: 4,
  kvHeads: 2,
  headDim: 6,
  hiddenSize: 20,
  intermediateSize: 28,
};

/** Weights large enough that distributions are far from uniform. */
function weights(seed: number): NamedTensors {
  const random = new Random(seed);
  const tensors = new Map<string, { shape: readonly number[]; data: Float32Array }>();
  for (const [name, shape] of tensorShapes(config)) {
    const draws = random.fork(name);
    const scale = shape.length === 1 ? 0.2 : 1.5 / Math.sqrt(shape[1] ?? 1);
    const data = Float32Array.from(
      { length: shape.reduce((a, b) => a * b, 1) },
      () => scale * draws.normal() + (shape.length === 1 ? 1 : 0),
    );
    tensors.set(name, { shape, data });
  }
  return tensors;
}

const options: RolloutOptions = {
  sampling: { temperature: 1, topP: 1 },
  seed: 77,
  context: 40,
  turnEndTokens: [5],
  endTokens: [2, 3],
};

let engine: WgslEngine;
beforeAll(async () => {
  engine = await createWgslEngine({ config, gpu: gpuSharingKernels });
  await engine.loadTensors(weights(1));
}, 170_000);
afterAll(() => {
  engine.dispose();
});

/** Drive to the end; a waiting sequence is given `tool` and, after its third turn, is finished. */
async function drive(session: RolloutSession, tool: readonly number[], maxTokens?: number) {
  const done = new Map<number, { reason: string; sequence: RolloutSequence }>();
  const turns = new Map<number, number>();
  for (let guard = 0; session.live > 0 && guard < 1000; guard++) {
    for (const event of await session.advance(maxTokens)) {
      const { id } = event.sequence;
      if (event.type === 'finished') {
        expect(done.has(id)).toBe(false);
        done.set(id, { reason: event.reason, sequence: event.sequence });
      } else {
        expect(options.turnEndTokens).toContain(event.sequence.tokens.at(-1));
        const turn = (turns.get(id) ?? 0) + 1;
        turns.set(id, turn);
        if (turn > 2) session.finish(id);
        else session.force(id, tool);
      }
    }
  }
  expect(session.live).toBe(0);
  session.dispose();
  return done;
}

const prompts = Array.from({ length: 11 }, (_, id) => ({
  id,
  prompt: id % 3 === 0 ? [7] : id % 3 === 1 ? [1, 9, 11, 4] : [1, 9, 30, 31, 32, 12, 20],
}));

/** Every token as the specification draws it from the engine's own logits of the whole sequence. */
async function expectFollowsSpecification(
  sequence: RolloutSequence,
  o: RolloutOptions,
  promptLength: number,
) {
  const logits = await engine.logits(sequence.tokens);
  for (let t = promptLength; t < sequence.tokens.length; t++) {
    if (!sequence.lossMask[t]) {
      expect(sequence.logProbs[t]).toBe(0);
      continue;
    }
    const uniform = uniformAt(o.seed, sequence.id, t);
    const drawn = sampleToken(
      logits,
      (t - 1) * config.vocabularySize,
      config.vocabularySize,
      o.sampling,
      uniform,
    );
    expect(sequence.tokens[t]).toBe(drawn.token);
    expect(Math.abs(sequence.logProbs[t]! - drawn.logProb)).toBeLessThan(1e-4);
  }
}

test.each([
  { name: 'temperature 1', sampling: { temperature: 1, topP: 1 }, maxTokens: undefined },
  { name: 'temperature 0.6, nucleus 0.9', sampling: { temperature: 0.6, topP: 0.9 }, maxTokens: 3 },
  { name: 'greedy', sampling: { temperature: 0, topP: 1 }, maxTokens: 50 },
])('$name: every token is the one the specification draws', async ({ sampling, maxTokens }) => {
  const o = { ...options, sampling };
  const session = engine.startRollout(o);
  session.add(prompts);
  const done = await drive(session, [8, 8, 9], maxTokens);
  expect(done.size).toBe(prompts.length);
  for (const { id, prompt } of prompts) {
    const one = done.get(id);
    if (!one) throw new Error(`sequence ${id} is missing`);
    expect([...one.sequence.tokens.slice(0, prompt.length)]).toEqual(prompt);
    expect(one.sequence.lossMask.slice(0, prompt.length).every((m) => m === 0)).toBe(true);
    await expectFollowsSpecification(one.sequence, o, prompt.length);
    const last = one.sequence.tokens.at(-1) ?? -1;
    if (one.reason === 'end') expect(o.endTokens).toContain(last);
    if (one.reason === 'context') expect(one.sequence.tokens.length).toBeGreaterThan(o.context - 4);
    expect(one.sequence.tokens.length).toBeLessThanOrEqual(o.context);
  }
});

test('the sampler and the trainer agree on log-probabilities within 1e-4', async () => {
  const session = engine.startRollout(options);
  session.add(prompts);
  const sequences = [...(await drive(session, [8])).values()].map((one) => one.sequence);
  const scored = await engine.logProbs(sequences, 1);
  let worst = 0;
  sequences.forEach((sequence, s) => {
    sequence.lossMask.forEach((mask, t) => {
      if (mask) worst = Math.max(worst, Math.abs(scored[s]!.logProbs[t]! - sequence.logProbs[t]!));
    });
  });
  expect(worst).toBeLessThan(1e-4);
});

test('a sequence does not depend on its neighbours or on the size of a chunk', async () => {
  const together = engine.startRollout(options);
  together.add(prompts);
  const all = await drive(together, [8, 8]);
  const alone = engine.startRollout(options);
  alone.add(prompts.slice(4, 5));
  const one = await drive(alone, [8, 8], 1);
  expect([...(one.get(4)?.sequence.tokens ?? [])]).toEqual([...(all.get(4)?.sequence.tokens ?? [])]);
});

test('more sequences than slots: free slots are refilled and nothing changes', async () => {
  const wide = engine.startRollout(options);
  wide.add(prompts);
  const want = await drive(wide, [8, 8]);
  const narrow = await createWgslEngine({ config, gpu: gpuSharingKernels, maxSlots: 3, tuning: 'gpu' });
  await narrow.loadTensors(weights(1));
  const session = narrow.startRollout(options);
  session.add(prompts.slice(0, 7));
  await session.advance(2);
  session.add(prompts.slice(7));
  const got = await drive(session, [8, 8]);
  for (const { id } of prompts) {
    expect([...(got.get(id)?.sequence.tokens ?? [])]).toEqual([...(want.get(id)?.sequence.tokens ?? [0])]);
    expect(got.get(id)?.reason).toBe(want.get(id)?.reason);
  }
  narrow.dispose();
});

test('results of many sequences and the next tokens are one submit, and create no GPU object', async () => {
  const { gpu, calls } = watchDevice(gpuSharingKernels);
  const watched = await createWgslEngine({ config, gpu });
  await watched.loadTensors(weights(1));
  const everything = Array.from({ length: config.vocabularySize }, (_, token) => token);
  const session = watched.startRollout({ ...options, turnEndTokens: everything, endTokens: [] });
  session.add(prompts);
  const first = await session.advance(1);
  expect(first.map((event) => event.type)).toEqual(prompts.map(() => 'turn'));
  first.forEach(({ sequence }, i) => {
    session.force(
      sequence.id,
      Array.from({ length: 1 + (i % 7) }, (_, t) => 8 + t),
    );
  });
  calls.length = 0;
  const second = await session.advance(1);
  expect(calls).toEqual(['submit']);
  expect(second.length).toBe(prompts.length);
  for (const { sequence } of second) {
    const { prompt } = prompts[sequence.id] ?? { prompt: [] };
    await expectFollowsSpecification(sequence, options, prompt.length);
  }
  session.dispose();
  watched.dispose();
});

test('a prompt and a result of more rows than the plan has are cut, and nothing changes', async () => {
  const long = Array.from({ length: 300 }, (_, t) => 6 + (t % 29));
  const o = { ...options, context: 700, turnEndTokens: [], endTokens: [] };
  const few = await createWgslEngine({ config, gpu: gpuSharingKernels, maxSlots: 1 });
  await few.loadTensors(weights(1));
  const session = few.startRollout({ ...o, turnEndTokens: Array.from(long.keys()).slice(0, 37) });
  session.add([{ id: 3, prompt: long }]);
  expect((await session.advance(1)).map((event) => event.type)).toEqual(['turn']);
  session.force(3, long);
  const [event] = await session.advance(1);
  if (!event) throw new Error('a second turn was expected');
  expect(event.sequence.tokens.length).toBe(602);
  await expectFollowsSpecification(event.sequence, o, long.length);
  session.dispose();
  few.dispose();
});

test('sampled frequencies follow the distribution (chi-square)', async () => {
  const draws = 600;
  const prompt = [1, 9, 11, 4];
  const session = engine.startRollout({ ...options, context: prompt.length + 1, seed: 5 });
  session.add(Array.from({ length: draws }, (_, id) => ({ id, prompt })));
  const done = await drive(session, []);
  const counts = new Float64Array(config.vocabularySize);
  for (const { sequence } of done.values()) {
    const token = sequence.tokens.at(-1);
    counts[token] = counts[token]! + 1;
  }
  const logits = (await engine.logits(Int32Array.from(prompt))).slice(-config.vocabularySize);
  const maximum = Math.max(...logits);
  const total = logits.reduce((sum, z) => sum + Math.exp(z - maximum), 0);
  let chiSquare = 0;
  let cells = 0;
  let restExpected = 0;
  let restSeen = 0;
  logits.forEach((z, i) => {
    const expected = (draws * Math.exp(z - maximum)) / total;
    if (expected < 5) {
      restExpected += expected;
      restSeen += counts[i]!;
    } else {
      chiSquare += (counts[i]! - expected) ** 2 / expected;
      cells++;
    }
  });
  if (restExpected > 0) chiSquare += (restSeen - restExpected) ** 2 / restExpected;
  const freedom = cells; // cells + rest - 1
  expect(cells).toBeGreaterThan(3);
  expect(chiSquare).toBeLessThan(freedom + 4 * Math.sqrt(2 * freedom)); // about p = 1e-4
});
