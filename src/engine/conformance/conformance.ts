/**
 * The conformance suite: what makes a PolicyEngine a PolicyEngine, whatever computes.
 *
 * Every engine runs all of it on every backend it claims (design, section 4): PyTorch's numbers, rollout semantics, training semantics.
 */
import { describe } from 'vitest';
import type { MakeEngine } from './numerics.ts';
import { describeNumerics } from './numerics.ts';
import { describeRollouts } from './rollouts.ts';
import { describeTraining } from './training.ts';

/** @param makeEngine a fresh engine of the given shape, on the device under test; called once per group of tests */
export function describeEngineConformance(name: string, makeEngine: MakeEngine): void {
  describe(name, () => {
    describeNumerics(makeEngine);
    describeRollouts(makeEngine);
    describeTraining(makeEngine);
  });
}
