/**
 * Conformance, part one: the engine's numbers against PyTorch's.
 *
 * Written once for every engine and backend. Tolerance of a tensor: its largest absolute error is at most 1e-4
 * of its largest absolute value, loose enough for any order of float32 sums, tight enough that no term can be missing.
 * After ten AdamW steps, where tiny gradients are divided by their own size, weights agree to 2e-3, in the mean to 1e-5.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import type { NamedTensors } from '../../policy/config.ts';
import type { GrpoObjective, OptimizerSettings, PolicyEngine } from '../engine.ts';
import { STARTING_MS, type Extent, type MakeEngine } from './engineUnderTest.ts';
import type { Fixture } from './fixture.ts';
import { fixtureNames, loadFixture } from './fixture.ts';

/** The fixture's objective (make_fixture.py). */
export const fixtureObjective: GrpoObjective = {
  clipLow: 0.2,
  clipHigh: 0.28,
  dualClip: 10,
  tisCap: 2,
  entropyCoefficient: 0,
  klCoefficient: 0,
  temperature: 1,
};

export const fixtureOptimizer: OptimizerSettings = {
  learningRate: 1e-3,
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  weightDecay: 0.1,
  maxGradNorm: 1,
};

const TENSOR_TOLERANCE = 1e-4;

/** Largest absolute difference and the scale to judge it by. */
function compare(actual: ArrayLike<number>, expected: ArrayLike<number>) {
  expect(actual.length).toBe(expected.length);
  let largest = 0;
  let mean = 0;
  let scale = 0;
  for (let i = 0; i < expected.length; i++) {
    const difference = Math.abs(actual[i]! - expected[i]!);
    largest = Number.isNaN(difference) ? Infinity : Math.max(largest, difference);
    mean += difference / expected.length;
    scale = Math.max(scale, Math.abs(expected[i]!));
  }
  return { largest, mean, scale };
}

export function expectClose(what: string, actual: ArrayLike<number>, expected: ArrayLike<number>): void {
  const { largest, scale } = compare(actual, expected);
  expect(largest, `${what}: largest error against a largest value of ${scale}`).toBeLessThanOrEqual(
    TENSOR_TOLERANCE * scale,
  );
}

export function expectTensorsClose(actual: NamedTensors, expected: NamedTensors): void {
  expect([...actual.keys()].sort()).toEqual([...expected.keys()].sort());
  for (const [name, { data, shape }] of expected) {
    expect(actual.get(name)?.shape).toEqual(shape);
    expectClose(name, actual.get(name)?.data ?? [], data);
  }
}

export function expectRelative(actual: number, expected: number, tolerance = 1e-4): void {
  expect(Math.abs(actual - expected)).toBeLessThanOrEqual(tolerance * Math.max(1, Math.abs(expected)));
}

export function describeNumerics(engineOf: MakeEngine, extent: Extent): void {
  describe.each(fixtureNames)('against PyTorch: %s', (name) => {
    let fixture: Fixture;
    let engine: PolicyEngine;

    beforeAll(async () => {
      fixture = await loadFixture(name);
      engine = await engineOf(fixture.config);
      await engine.loadTensors(fixture.weights);
    }, STARTING_MS);

    it('gives back the weights it was given', async () => {
      const tensors = await engine.readTensors();
      expect([...tensors.keys()]).toEqual([...fixture.weights.keys()]);
      for (const [key, tensor] of fixture.weights) expect(tensors.get(key)).toEqual(tensor);
    });

    it('computes the logits', async () => {
      for (const [row, sequence] of fixture.sequences.entries()) {
        expectClose(`logits of row ${row}`, await engine.logits(sequence.tokens), fixture.logits[row]!);
      }
    });

    it('computes log-probabilities and entropies', async () => {
      const results = await engine.logProbs(fixture.sequences, 1);
      results.forEach(({ logProbs, entropies }, row) => {
        expectClose(`log-probabilities of row ${row}`, logProbs, fixture.logProbs[row]!);
        expectClose(`entropies of row ${row}`, entropies, fixture.entropies[row]!);
      });
    });

    it('computes the SFT loss and every gradient', async () => {
      const { stats, gradients } = await engine.gradients({ kind: 'sft', sequences: fixture.sequences });
      expectRelative(stats.loss, fixture.scalars.sft_loss);
      expectRelative(stats.gradNorm, fixture.scalars.sft_grad_norm);
      expect(stats.tokens).toBe(fixture.scalars.masked_tokens);
      expectTensorsClose(gradients, fixture.sftGradients);
    });

    it('computes the GRPO loss, its clip fractions and every gradient', async () => {
      const { stats, gradients } = await engine.gradients({
        kind: 'grpo',
        sequences: fixture.sequences,
        objective: fixtureObjective,
      });
      expectRelative(stats.loss, fixture.scalars.grpo_loss);
      expect(stats).toMatchObject({
        clipLowFraction: fixture.scalars.clip_low,
        clipHighFraction: fixture.scalars.clip_high,
        dualClipFraction: fixture.scalars.dual_clip,
        klToReference: 0,
      });
      expectTensorsClose(gradients, fixture.grpoGradients);
    });

    if (extent === 'brief' && name !== 'tiny') return;
    it('takes ten AdamW steps', async () => {
      for (const [step, expected] of fixture.scalars.adamw_losses.entries()) {
        const stats = await engine.step({ kind: 'sft', sequences: fixture.sequences }, fixtureOptimizer);
        expectRelative(stats.loss, expected);
        expectRelative(stats.gradNorm, fixture.scalars.adamw_grad_norms[step]!);
      }
      const tensors = await engine.readTensors();
      for (const [key, expected] of fixture.afterTenSteps) {
        const { largest, mean } = compare(tensors.get(key)?.data ?? [], expected.data);
        expect(largest, `${key}: largest error`).toBeLessThanOrEqual(2e-3);
        expect(mean, `${key}: mean error`).toBeLessThanOrEqual(1e-5);
      }
    });
  });
}
