/**
 * Conformance, part four: what training promises beyond the fixtures' numbers.
 *
 * Packing must not show (a batch's gradient is the gradient of the whole, whatever the lengths), a step that is not finite leaves no
 * trace, state can be saved and loaded, and two runs from one seed are the same run.
 */
import { beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { initialiseTensors } from '../../policy/initialise.ts';
import { Random } from '../../random/random.ts';
import type { GrpoObjective, GrpoSequence, PolicyEngine } from '../engine.ts';
import { NonFiniteLossError } from '../engine.ts';
import type { Fixture } from './fixture.ts';
import { loadFixture } from './fixture.ts';
import { STARTING_MS, type Extent, type MakeEngine } from './engineUnderTest.ts';
import { expectClose, fixtureObjective, fixtureOptimizer } from './numerics.ts';

export function describeTraining(engineOf: MakeEngine, extent: Extent): void {
  describe('training', () => {
    let fixture: Fixture;
    let engine: PolicyEngine;

    beforeAll(async () => {
      fixture = await loadFixture('tiny');
      engine = await engineOf(fixture.config);
    }, STARTING_MS);

    beforeEach(async () => {
      await engine.loadTensors(fixture.weights);
    });

    it('gives the same numbers twice from one seed: three SFT steps, a rollout, a GRPO step', async () => {
      const run = async () => {
        await engine.loadTensors(initialiseTensors(fixture.config, new Random(7)));
        const stats = [];
        for (let i = 0; i < 3; i++) {
          stats.push(await engine.step({ kind: 'sft', sequences: fixture.sequences }, fixtureOptimizer));
        }
        const session = engine.startRollout({
          sampling: { temperature: 1, topP: 1 },
          seed: 11,
          context: 24,
          turnEndTokens: [],
          endTokens: [2],
        });
        session.add(Array.from({ length: 6 }, (_, id) => ({ id, prompt: [1, 10 + (id >> 1), 3] })));
        const sequences: GrpoSequence[] = [];
        while (session.live > 0) {
          for (const { sequence } of await session.advance()) {
            const { tokens, lossMask, logProbs } = sequence;
            const advantage = sequence.id % 2 ? 1 : -1;
            sequences.push({ tokens, lossMask, advantage, oldLogProbs: logProbs, samplerLogProbs: logProbs });
          }
        }
        session.dispose();
        stats.push(
          await engine.step({ kind: 'grpo', sequences, objective: fixtureObjective }, fixtureOptimizer),
        );
        return { stats, sequences, tensors: await engine.readTensors() };
      };
      const first = await run();
      expect(first.sequences.length).toBe(6);
      expect(await run()).toEqual(first);
    });
    if (extent === 'brief') return;

    /** Sequences of very different lengths, with log-probabilities near the policy's own. */
    async function mixedBatch(count: number): Promise<GrpoSequence[]> {
      const random = new Random('mixed batch');
      const bare = Array.from({ length: count }, (_, i) => {
        const length = i === 0 ? 1 : random.integer(2, 60);
        return {
          tokens: Int32Array.from({ length }, () => random.integer(0, 39)),
          lossMask: Uint8Array.from({ length }, (_, t) => (t > 0 && random.uniform() < 0.7 ? 1 : 0)),
        };
      });
      const now = await engine.logProbs(bare, 1.2);
      return bare.map((sequence, i) => {
        const near = (spread: number) => now[i]!.logProbs.map((x) => x + spread * random.normal());
        return {
          ...sequence,
          advantage: random.normal(),
          oldLogProbs: near(0.3),
          samplerLogProbs: near(0.3),
        };
      });
    }

    const everything: GrpoObjective = {
      ...fixtureObjective,
      temperature: 1.2,
      entropyCoefficient: 0.03,
      klCoefficient: 0.2,
    };

    it('weights every token of the batch alike, however it is packed', async () => {
      const sequences = await mixedBatch(13);
      const referenceLogProbs = sequences.map((s) => s.samplerLogProbs);
      const whole = await engine.gradients({
        kind: 'grpo',
        sequences,
        objective: everything,
        referenceLogProbs,
      });
      // one sequence at a time, added up by hand
      const sums = new Map<string, Float64Array>();
      let loss = 0;
      for (const [i, sequence] of sequences.entries()) {
        const reference = referenceLogProbs[i];
        if (!sequence.lossMask.some((x) => x === 1) || !reference) continue;
        const part = await engine.gradients({
          kind: 'grpo',
          sequences: [sequence],
          objective: everything,
          referenceLogProbs: [reference],
        });
        const share = part.stats.tokens / whole.stats.tokens;
        loss += share * part.stats.loss;
        for (const [name, { data }] of part.gradients) {
          const sum = sums.get(name) ?? new Float64Array(data.length);
          sums.set(
            name,
            sum.map((x, j) => x + share * data[j]!),
          );
        }
      }
      expect(Math.abs(whole.stats.loss - loss)).toBeLessThanOrEqual(1e-5);
      for (const [name, { data }] of whole.gradients) expectClose(name, data, sums.get(name) ?? []);
    });

    it('computes the gradients of temperature, entropy and KL terms: finite differences agree', async () => {
      const sequences = (await mixedBatch(4)).slice(1);
      const batch = {
        kind: 'grpo',
        sequences,
        objective: { ...everything, clipLow: 0.9, clipHigh: 9 }, // no kink near by
        referenceLogProbs: sequences.map((s) => s.samplerLogProbs),
      } as const;
      const { gradients } = await engine.gradients(batch);
      // along the gradient itself, on every tensor at once: the directional derivative is its squared norm
      let squared = 0;
      for (const { data } of gradients.values()) for (const x of data) squared += x * x;
      const epsilon = 0.01 / Math.sqrt(squared);
      const lossAt = async (side: number) => {
        const moved = [...fixture.weights].map(([name, { shape, data }]) => {
          const slope = gradients.get(name)!.data;
          return [name, { shape, data: data.map((x, i) => x + side * epsilon * slope[i]!) }] as const;
        });
        await engine.loadTensors(new Map(moved));
        return (await engine.gradients(batch)).stats.loss;
      };
      const slope = ((await lossAt(1)) - (await lossAt(-1))) / (2 * epsilon);
      expect(Math.abs(slope / squared - 1)).toBeLessThan(0.01);
    });

    it('reports entropy and KL that follow from its own log-probabilities', async () => {
      const sequences = await mixedBatch(5);
      const referenceLogProbs = sequences.map((s) => s.samplerLogProbs);
      const batch = { kind: 'grpo', sequences, objective: everything, referenceLogProbs } as const;
      const { stats } = await engine.gradients(batch);
      const now = await engine.logProbs(sequences, everything.temperature);
      let entropy = 0;
      let kl = 0;
      sequences.forEach(({ lossMask }, i) => {
        lossMask.forEach((counts, t) => {
          if (!counts) return;
          const difference = referenceLogProbs[i]![t]! - now[i]!.logProbs[t]!;
          kl += (Math.exp(difference) - difference - 1) / stats.tokens;
          entropy += now[i]!.entropies[t]! / stats.tokens;
        });
      });
      if (!('entropy' in stats)) throw new Error('GRPO statistics have an entropy.');
      expect(stats.entropy).toBeCloseTo(entropy, 4);
      expect(stats.klToReference).toBeCloseTo(kl, 4);
    });

    it('refuses a step that is not finite and leaves weights and moments alone', async () => {
      await engine.step({ kind: 'sft', sequences: fixture.sequences }, fixtureOptimizer);
      const before = { tensors: await engine.readTensors(), optimizer: await engine.readOptimizer() };
      const broken = fixture.sequences.map((s, i) => (i === 0 ? { ...s, advantage: NaN } : s));
      await expect(
        engine.step({ kind: 'grpo', sequences: broken, objective: fixtureObjective }, fixtureOptimizer),
      ).rejects.toBeInstanceOf(NonFiniteLossError);
      const blowUp = fixture.sequences.map((s) => ({ ...s, advantage: 1e38 }));
      await expect(
        engine.step({ kind: 'grpo', sequences: blowUp, objective: fixtureObjective }, fixtureOptimizer),
      ).rejects.toBeInstanceOf(NonFiniteLossError);
      expect(await engine.readTensors()).toEqual(before.tensors);
      expect(await engine.readOptimizer()).toEqual(before.optimizer);
    });

    it('takes steps that are asked for before the ones before them are through, and skips only those that are not finite', async () => {
      const good = { kind: 'grpo', sequences: fixture.sequences, objective: fixtureObjective } as const;
      const bad = { ...good, sequences: fixture.sequences.map((s) => ({ ...s, advantage: 1e38 })) };
      const sft = { kind: 'sft', sequences: fixture.sequences } as const;
      // Moments that matter: a step counted wrongly changes every bias correction after it.
      const state = async () => ({
        tensors: await engine.readTensors(),
        optimizer: await engine.readOptimizer(),
      });
      const oneByOne = [];
      for (const batch of [sft, good, sft, good, good]) {
        oneByOne.push(
          batch.kind === 'sft'
            ? await engine.step(batch, fixtureOptimizer)
            : await engine.step(batch, fixtureOptimizer),
        );
      }
      const want = await state();
      await engine.loadTensors(fixture.weights);
      const asked = [
        engine.step(sft, fixtureOptimizer),
        engine.step(good, fixtureOptimizer),
        engine.step(bad, fixtureOptimizer),
        engine.step(sft, fixtureOptimizer),
        engine.step(bad, fixtureOptimizer),
        engine.step(bad, fixtureOptimizer),
        engine.step(good, fixtureOptimizer),
        engine.step(good, fixtureOptimizer),
      ] as const;
      const asSoonAsTheyAreThrough = state();
      const outcomes = await Promise.allSettled(asked);
      expect(outcomes.map(({ status }) => status === 'fulfilled')).toEqual(
        [true, true, false, true, false, false, true, true], // prettier-ignore
      );
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected') expect(outcome.reason).toBeInstanceOf(NonFiniteLossError);
      }
      expect(outcomes.flatMap((outcome) => (outcome.status === 'fulfilled' ? [outcome.value] : []))).toEqual(
        oneByOne,
      );
      expect(await asSoonAsTheyAreThrough).toEqual(want);
      expect(want.optimizer.step).toBe(5);
    });

    it('refuses a batch with nothing to learn, and one that is malformed, in words', async () => {
      const silent = fixture.sequences.map((s) => ({ ...s, lossMask: new Uint8Array(s.tokens.length) }));
      await expect(engine.gradients({ kind: 'sft', sequences: silent })).rejects.toThrow(/nothing to learn/);
      const short = fixture.sequences.map((s) => ({ ...s, lossMask: new Uint8Array(2) }));
      await expect(engine.gradients({ kind: 'sft', sequences: short })).rejects.toThrow(/mask/);
      await expect(
        engine.gradients({ kind: 'grpo', sequences: fixture.sequences, objective: everything }),
      ).rejects.toThrow(/referenceLogProbs/);
    });

    it('goes on exactly where a saved run stopped', async () => {
      const batch = { kind: 'sft', sequences: fixture.sequences } as const;
      for (let i = 0; i < 3; i++) await engine.step(batch, fixtureOptimizer);
      const saved = { tensors: await engine.readTensors(), optimizer: await engine.readOptimizer() };
      expect(saved.optimizer.step).toBe(3);
      const straight = await engine.step(batch, fixtureOptimizer);
      const end = await engine.readTensors();
      await engine.loadTensors(saved.tensors);
      await engine.loadOptimizer(saved.optimizer);
      expect(await engine.step(batch, fixtureOptimizer)).toEqual(straight);
      expect(await engine.readTensors()).toEqual(end);
    });

    it('forgets the moments when told, and with new weights', async () => {
      await engine.step({ kind: 'sft', sequences: fixture.sequences }, fixtureOptimizer);
      engine.resetOptimizer();
      const cleared = await engine.readOptimizer();
      expect(cleared.step).toBe(0);
      for (const moments of [cleared.m, cleared.v]) {
        for (const { data } of moments.values()) expect(data.every((x) => x === 0)).toBe(true);
      }
      await engine.step({ kind: 'sft', sequences: fixture.sequences }, fixtureOptimizer);
      await engine.loadTensors(fixture.weights);
      expect((await engine.readOptimizer()).step).toBe(0);
    });

    it('takes the log-probabilities of temperature 1 for those of a greedy sampler', async () => {
      expect(await engine.logProbs(fixture.sequences, 0)).toEqual(
        await engine.logProbs(fixture.sequences, 1),
      );
    });

    it('refuses weights of another policy', async () => {
      const other = new Map(fixture.weights);
      other.delete('model.norm.weight');
      await expect(engine.loadTensors(other)).rejects.toThrow(/model\.norm\.weight/);
    });
  });
}
