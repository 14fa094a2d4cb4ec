/**
 * Conformance, part five: a snapshot of the weights (`WeightSnapshot` in engine.ts) stays what it was.
 */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { initialiseTensors } from '../../policy/initialise.ts';
import { Random } from '../../random/random.ts';
import type { PolicyEngine } from '../engine.ts';
import type { Fixture } from './fixture.ts';
import { loadFixture } from './fixture.ts';
import { STARTING_MS, type MakeEngine } from './engineUnderTest.ts';
import { fixtureOptimizer } from './numerics.ts';

export function describeSnapshots(engineOf: MakeEngine): void {
  describe('snapshots of the weights', () => {
    let fixture: Fixture;
    let engine: PolicyEngine;

    beforeAll(async () => {
      fixture = await loadFixture('tiny');
      engine = await engineOf(fixture.config);
    }, STARTING_MS);

    beforeEach(async () => {
      await engine.loadTensors(fixture.weights);
    });

    it('do not move when training moves the weights', async () => {
      const batch = { kind: 'sft', sequences: fixture.sequences } as const;
      const before = await engine.logProbs(fixture.sequences, 1.2);
      const tensors = await engine.readTensors();
      const snapshot = await engine.snapshot();
      await engine.step(batch, fixtureOptimizer);
      const moved = await engine.logProbs(fixture.sequences, 1.2);
      expect(moved).not.toEqual(before);
      expect(await engine.logProbs(fixture.sequences, 1.2, snapshot)).toEqual(before);
      // Asking it has moved nothing, and weights from a checkpoint serve as well as those of the moment.
      expect(await engine.logProbs(fixture.sequences, 1.2)).toEqual(moved);
      const restored = await engine.snapshot(tensors);
      snapshot.dispose();
      await engine.step(batch, fixtureOptimizer);
      await engine.loadTensors(initialiseTensors(fixture.config, new Random(3)));
      expect(await engine.logProbs(fixture.sequences, 1.2, restored)).toEqual(before);
      restored.dispose();
      restored.dispose(); // once is enough, twice does no harm
    });

    it('answer for a longer sequence than they were first asked for', async () => {
      const long = [{ tokens: Int32Array.from({ length: 300 }, (_, t) => t % 40) }];
      const [short] = fixture.sequences;
      const before = await engine.logProbs(long, 1);
      const snapshot = await engine.snapshot();
      await engine.logProbs([short!], 1, snapshot);
      await engine.loadTensors(initialiseTensors(fixture.config, new Random(3)));
      expect(await engine.logProbs(long, 1, snapshot)).toEqual(before);
      snapshot.dispose();
    });

    it('are refused once disposed of, in words', async () => {
      const snapshot = await engine.snapshot();
      snapshot.dispose();
      await expect(engine.logProbs(fixture.sequences, 1, snapshot)).rejects.toThrow(/disposed/);
      await expect(engine.snapshot(new Map())).rejects.toThrow(/missing/);
    });
  });
}
