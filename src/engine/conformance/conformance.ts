/**
 * The conformance suite: what makes a PolicyEngine a PolicyEngine, whatever computes.
 *
 * Every engine runs all of it: PyTorch's numbers, rollouts, sessions, training. A backend that differs from
 * one tested in full only in who computes the same ops may run it `brief`, where a software GPU needs minutes for the whole: all
 * numbers of all fixtures but one run of ten steps, one rollout with turns and forced tokens, and one seed run twice.
 */
import { afterAll, describe } from 'vitest';
import type { PolicyEngine } from '../engine.ts';
import type { Extent, MakeEngine } from './engineUnderTest.ts';
import { describeNumerics } from './numerics.ts';
import { loadFixture } from './fixture.ts';
import { describeObjectives } from './objectives.ts';
import { describeRollouts } from './rollouts.ts';
import { describeSnapshots } from './snapshots.ts';
import { describeSessions } from './sessions.ts';
import { describeTraining } from './training.ts';

/**
 * Groups of tests share an engine of each shape, so each also says that the one before left nothing behind but weights, which it loads anew.
 *
 * @param makeEngine a fresh engine of the given shape, on the device under test
 */
export function describeEngineConformance(
  name: string,
  makeEngine: MakeEngine,
  extent: Extent = 'full',
): void {
  describe(name, () => {
    const engines = new Map<string, Promise<PolicyEngine>>();
    const engineOf: MakeEngine = (config) => {
      const shape = JSON.stringify(config);
      const engine = engines.get(shape) ?? makeEngine(config);
      engines.set(shape, engine);
      return engine;
    };
    afterAll(async () => {
      for (const engine of engines.values()) (await engine).dispose();
    });

    describeNumerics(engineOf, extent);
    describeObjectives(engineOf);
    describeRollouts(engineOf, extent);
    if (extent === 'full') {
      describeSessions(async () => {
        const { config, weights } = await loadFixture('odd');
        const engine = await engineOf(config);
        await engine.loadTensors(weights);
        return engine;
      });
    }
    describeTraining(engineOf, extent);
    if (extent === 'full') describeSnapshots(engineOf);
  });
}
