import * as tf from '@tensorflow/tfjs';
import { expect, it } from 'vitest';
import { initialiseTensors } from '../../policy/initialise.ts';
import { Random } from '../../random/random.ts';
import { fixtureObjective, fixtureOptimizer } from '../conformance/numerics.ts';
import type { GrpoSequence, PolicyEngine } from '../engine.ts';
import { startBackend } from './backend.ts';
import { createTfjsEngine } from './tfjsEngine.ts';

const config = {
  vocabularySize: 20,
  hiddenSize: 16,
  layers: 2,
  heads: 4,
  kvHeads: 2,
  headDim: 4,
  intermediateSize: 24,
  rmsNormEps: 1e-6,
  ropeTheta: 1e4,
  tieWordEmbeddings: false,
};

async function rollOut(engine: PolicyEngine, seed: number): Promise<GrpoSequence[]> {
  const session = engine.startRollout({
    sampling: { temperature: 1, topP: 1 },
    seed,
    context: 24,
    turnEndTokens: [6],
    endTokens: [2],
  });
  session.add(Array.from({ length: 9 }, (_, id) => ({ id, prompt: [1, 3 + (id >> 2), 5] })));
  const sequences: GrpoSequence[] = [];
  while (session.live > 0) {
    for (const { type, sequence } of await session.advance()) {
      const { tokens, lossMask, logProbs, id } = sequence;
      if (type === 'turn') session.force(id, [7, 9, 9, 8]);
      else {
        const old = { oldLogProbs: logProbs, samplerLogProbs: logProbs };
        sequences.push({ tokens, lossMask, advantage: (id % 3) - 1, ...old });
      }
    }
  }
  session.dispose();
  return sequences;
}

it.each(['cpu', 'wasm'] as const)(
  'holds no tensor too many after steps, rollouts and failures: %s',
  async (backend) => {
    await startBackend({ preferredBackends: [backend] });
    const before = tf.memory().numTensors;
    const engine = await createTfjsEngine({ config, preferredBackends: [backend] });
    await engine.loadTensors(initialiseTensors(config, new Random(3)));
    const round = async (seed: number) => {
      const sequences = await rollOut(engine, seed);
      await engine.step({ kind: 'sft', sequences }, fixtureOptimizer);
      await engine.step({ kind: 'grpo', sequences, objective: fixtureObjective }, fixtureOptimizer);
      await engine.gradients({ kind: 'sft', sequences });
      await engine.logProbs(sequences, 1);
      const broken = sequences.map((s) => ({ ...s, advantage: NaN }));
      const objective = fixtureObjective;
      await expect(
        engine.step({ kind: 'grpo', sequences: broken, objective }, fixtureOptimizer),
      ).rejects.toThrow();
      const unfinished = engine.startRollout({
        sampling: { temperature: 1, topP: 1 },
        seed,
        context: 40,
        turnEndTokens: [],
        endTokens: [],
      });
      unfinished.add([{ id: 1, prompt: [1, 2, 3] }]);
      await unfinished.advance(4);
      unfinished.dispose();
      await engine.loadTensors(await engine.readTensors());
      await engine.loadOptimizer(await engine.readOptimizer());
      const snapshots = [await engine.snapshot(), await engine.snapshot(await engine.readTensors())];
      for (const snapshot of snapshots) {
        await engine.logProbs(sequences, 1, snapshot);
        snapshot.dispose();
      }
    };
    await round(1);
    const { numTensors, numBytes } = tf.memory();
    for (let seed = 2; seed < 4; seed++) await round(seed);
    expect(tf.memory().numTensors).toBe(numTensors);
    expect(tf.memory().numBytes).toBe(numBytes);
    await engine.snapshot(); // left to the engine
    engine.dispose();
    expect(tf.memory().numTensors).toBe(before);
  },
);
