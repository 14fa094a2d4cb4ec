/**
 * The conformance suite: what makes a PolicyEngine a PolicyEngine, whatever computes.
 *
 * Every engine runs all of it: PyTorch's numbers, rollouts, sessions, training. A backend that differs from
 * one tested in full only in who computes the same ops may run it `brief`, where a software GPU needs minutes for the whole: all
 * numbers of all fixtures but one run of ten steps, one rollout with turns and forced tokens, and one seed run twice.
 */
import { describe } from 'vitest';
import type { Extent, MakeEngine } from './engineUnderTest.ts';
import { describeNumerics } from './numerics.ts';
import { loadFixture } from './fixture.ts';
import { describeObjectives } from './objectives.ts';
import { describeRollouts } from './rollouts.ts';
import { describeSnapshots } from './snapshots.ts';
import { describeSessions } from './sessions.ts';
import { describeTraining } from './training.ts';

/** @param makeEngine a fresh engine of the given shape, on the device under test; called once per group of tests */
export function describeEngineConformance(
  name: string,
  makeEngine: MakeEngine,
  extent: Extent = 'full',
): void {
  describe(name, () => {
    describeNumerics(makeEngine, extent);
    describeObjectives(makeEngine);
    describeRollouts(makeEngine, extent);
    if (extent === 'full') {
      describeSessions(async () => {
        const { config, weights } = await loadFixture('odd');
        const engine = await makeEngine(config);
        await engine.loadTensors(weights);
        return engine;
      });
    }
    describeTraining(makeEngine, extent);
    if (extent === 'full') describeSnapshots(makeEngine);
  });
}
