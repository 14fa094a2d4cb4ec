/** One thread, two and three: the same bits from the same seed, in training and in rollouts. */
import { expect, test } from 'vitest';
import { policyConfig } from '../../../policy/config.ts';
import { initialiseTensors } from '../../../policy/initialise.ts';
import { Random } from '../../../random/random.ts';
import type { GrpoSequence, PolicyEngine } from '../../engine.ts';
import { createSimdEngine } from '../simdEngine.ts';
import { COMPILING_MS } from '../testing/openKernels.ts';

const config = { ...policyConfig('micro', 23), kvHeads: 1, tieWordEmbeddings: true };
const optimizer = {
  learningRate: 1e-3,
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  weightDecay: 0.1,
  maxGradNorm: 1,
};
const objective = {
  clipLow: 0.2,
  clipHigh: 0.28,
  dualClip: 10,
  tisCap: 2,
  entropyCoefficient: 0.01,
  klCoefficient: 0,
  temperature: 1,
};

/** Two SFT steps, a rollout with turns and forced tokens, a GRPO step. */
async function run(
  engine: PolicyEngine,
  use: (threads: number) => Promise<void> | undefined = () => undefined,
) {
  const random = new Random('threads');
  await engine.loadTensors(initialiseTensors(config, random));
  const sequences = Array.from({ length: 20 }, () => {
    const length = random.integer(30, 250);
    return {
      tokens: Int32Array.from({ length }, () => random.integer(0, 22)),
      lossMask: new Uint8Array(length).fill(1),
    };
  });
  const stats: unknown[] = [];
  await use(1);
  for (let i = 0; i < 2; i++) stats.push(await engine.step({ kind: 'sft', sequences }, optimizer));
  await use(3);
  const session = engine.startRollout({
    sampling: { temperature: 1, topP: 1 },
    seed: 5,
    context: 60,
    turnEndTokens: [3, 4],
    endTokens: [2],
  });
  session.add(Array.from({ length: 100 }, (_, id) => ({ id, prompt: [1, id % 7, 9] })));
  const rolled = new Map<number, GrpoSequence>();
  for (let chunk = 0; session.live > 0; chunk++) {
    await use(1 + (chunk % 3));
    for (const event of await session.advance()) {
      const { id, tokens, lossMask, logProbs } = event.sequence;
      if (event.type === 'turn') session.force(id, [7, 8]);
      else {
        const advantage = id % 2 === 0 ? 1 : -1;
        rolled.set(id, { tokens, lossMask, advantage, oldLogProbs: logProbs, samplerLogProbs: logProbs });
      }
    }
  }
  session.dispose();
  const samples = [...rolled].sort(([a], [b]) => a - b).map(([, sequence]) => sequence);
  const scored = await engine.logProbs(samples, 0.8);
  stats.push(await engine.step({ kind: 'grpo', sequences: samples, objective }, optimizer));
  return { stats, samples, scored, tensors: await engine.readTensors() };
}

test(
  'a run does not depend on the number of threads, nor on when it changes',
  async () => {
    const results = [];
    for (const threads of [1, 2, 3]) {
      const engine = await createSimdEngine({ config, threads });
      expect(engine.description.adapter).toContain(threads === 1 ? '1 thread' : `${threads} threads`);
      results.push(await run(engine));
      engine.dispose();
    }
    expect(results[1]).toEqual(results[0]);
    expect(results[2]).toEqual(results[0]);
    const engine = await createSimdEngine({ config, threads: 3 });
    expect(await run(engine, (threads) => engine.useThreads?.(threads))).toEqual(results[0]);
    await engine.useThreads?.(2);
    expect(engine.description).toMatchObject({
      threads: 2,
      adapter: expect.stringContaining('2 threads') as string,
    });
    expect(engine.description.reason).toContain('2 of 3 threads work');
    engine.dispose();
  },
  COMPILING_MS,
);
