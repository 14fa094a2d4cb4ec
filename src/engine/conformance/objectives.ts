/**
 * Conformance: the GRPO objective's settings beyond the paper's defaults, against PyTorch's numbers.
 *
 * A temperature other than 1, a KL penalty to a reference, an entropy bonus, each by itself and all at once. Tolerances are those of
 * numerics.ts; clip fractions are exact, because the fixture keeps every ratio away from a clip's edge.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import type { PolicyEngine } from '../engine.ts';
import type { ObjectiveFixture } from './fixture.ts';
import { loadObjectiveFixture } from './fixture.ts';
import { STARTING_MS, type MakeEngine } from './engineUnderTest.ts';
import { expectClose, expectRelative, expectTensorsClose, fixtureObjective } from './numerics.ts';

const caseNames = ['cold', 'kl', 'entropy', 'everything'] as const;

export function describeObjectives(engineOf: MakeEngine): void {
  describe('against PyTorch: objectives', () => {
    let fixture: ObjectiveFixture;
    let engine: PolicyEngine;

    beforeAll(async () => {
      fixture = await loadObjectiveFixture();
      engine = await engineOf(fixture.config);
      await engine.loadTensors(fixture.weights);
    }, STARTING_MS);

    const find = (name: string) => {
      const found = fixture.cases.find((one) => one.name === name);
      if (!found) throw new Error(`The fixture has no case "${name}".`);
      return found;
    };

    it.each(caseNames)('computes log-probabilities and entropies at the temperature of: %s', async (name) => {
      const { scalars, logProbs, entropies } = find(name);
      const results = await engine.logProbs(fixture.sequences, scalars.temperature);
      results.forEach((result, row) => {
        expectClose(`log-probabilities of row ${row}`, result.logProbs, logProbs[row]!);
        expectClose(`entropies of row ${row}`, result.entropies, entropies[row]!);
      });
    });

    it.each(caseNames)('computes the loss, its parts and every gradient of: %s', async (name) => {
      const { scalars, gradients } = find(name);
      const { stats, gradients: computed } = await engine.gradients({
        kind: 'grpo',
        sequences: fixture.sequences,
        objective: {
          ...fixtureObjective,
          temperature: scalars.temperature,
          klCoefficient: scalars.kl_coefficient,
          entropyCoefficient: scalars.entropy_coefficient,
        },
        referenceLogProbs: fixture.referenceLogProbs,
      });
      if (!('entropy' in stats)) throw new Error('GRPO statistics have an entropy.');
      expectRelative(stats.loss, scalars.loss);
      expectRelative(stats.gradNorm, scalars.grad_norm);
      expectRelative(stats.entropy, scalars.entropy);
      expectRelative(stats.klToReference, scalars.kl_coefficient === 0 ? 0 : scalars.kl);
      expect(stats.tokens).toBe(fixture.tokens);
      expect(stats.clipLowFraction).toBeCloseTo(scalars.clip_low, 6);
      expect(stats.clipHighFraction).toBeCloseTo(scalars.clip_high, 6);
      expect(stats.dualClipFraction).toBeCloseTo(scalars.dual_clip, 6);
      expectTensorsClose(computed, gradients);
    });
  });
}
