/**
 * What a rollout session submits, counted on a plan without a GPU. What it gives its caller is held by rollout.browser.test.ts and the
 * conformance suite on real kernels.
 */
import { describe, expect, it } from 'vitest';
import { Random } from '../../../random/random.ts';
import type { RolloutOptions, RolloutSequence } from '../../engine.ts';
import { ScriptedPlans, type Script } from '../testing/scriptedPlan.ts';
import { startSession } from './rolloutSession.ts';

const TURN = 5;
const END = 2;
const options: RolloutOptions = {
  sampling: { temperature: 1, topP: 1 },
  seed: 1,
  context: 400,
  turnEndTokens: [TURN],
  endTokens: [END],
};

/** A sequence that calls `calls` times, after `least` to `most` sampled tokens each, and answers in a few. */
function calling(calls: number, least: number, most: number): Script {
  const random = new Random(3);
  return (id) => {
    const draws = random.fork(id);
    const turns = Array.from({ length: calls }, () => [
      ...new Array<number>(draws.integer(least, most) - 1).fill(7),
      TURN,
    ]);
    return [...turns.flat(), ...new Array<number>(draws.integer(3, 8)).fill(7), END];
  };
}

/** Roll out `count` sequences as the recipe does: a result of three tokens after each turn. */
async function play(plans: ScriptedPlans, count: number) {
  const session = startSession(plans, options, async (work) => work());
  session.add(Array.from({ length: count }, (_, id) => ({ id, prompt: [1, 3, 4] })));
  const done = new Map<number, RolloutSequence>();
  while (session.live > 0) {
    for (const { type, sequence } of await session.advance()) {
      if (type === 'finished') done.set(sequence.id, sequence);
      else session.force(sequence.id, [8, 8, 9]);
    }
  }
  session.dispose();
  return done;
}

const longest = (script: Script, count: number) =>
  Math.max(...Array.from({ length: count }, (_, id) => script(id).length));

describe('what a session submits', () => {
  // With a chunk of eight always queued ahead these took 232 to 248 steps, and 57 to 59% of the rows were frozen.
  it.each([
    { count: 64, least: 7, most: 9 },
    { count: 64, least: 6, most: 10 },
    { count: 256, least: 6, most: 10 },
    { count: 512, least: 6, most: 10 },
    { count: 512, least: 5, most: 11 },
  ])(
    'is at most 130 steps for $count dense sequences, ten calls after $least to $most tokens each',
    async ({ count, least, most }) => {
      const script = calling(10, least, most);
      const plans = new ScriptedPlans(script);
      await play(plans, count);
      const { steps, rows, frozenRows, idleReads } = plans.counts;
      expect(steps).toBeGreaterThanOrEqual(longest(script, count));
      expect(steps).toBeLessThanOrEqual(130);
      expect(frozenRows / rows).toBeLessThan(0.3);
      expect(idleReads).toBeLessThanOrEqual(15); // one a turn, and a few until turns are known
    },
  );

  // Before: 200 and 208 steps.
  it.each([
    { calls: 2, least: 50, most: 80, limit: 185 },
    { calls: 4, least: 15, most: 40, limit: 195 },
  ])(
    'hides almost every read-back where turns are long: $calls calls after $least to $most tokens',
    async ({ calls, least, most, limit }) => {
      const plans = new ScriptedPlans(calling(calls, least, most));
      await play(plans, 256);
      expect(plans.counts.steps).toBeLessThanOrEqual(limit);
      expect(plans.counts.idleReads).toBeLessThan(plans.counts.chunks / 4);
    },
  );

  it.each([
    { isSoftware: false, maxSlots: 1024 },
    { isSoftware: false, maxSlots: 20 },
    { isSoftware: true, maxSlots: 1024 },
  ])('changes nothing that is sampled: %j', async (kind) => {
    for (const script of [calling(10, 6, 10), calling(2, 50, 80), calling(3, 1, 30)]) {
      const plans = new ScriptedPlans(script, kind);
      const done = await play(plans, 64);
      expect(done.size).toBe(64);
      for (const [id, { tokens, lossMask }] of done) {
        expect([...tokens].filter((_, t) => lossMask[t])).toEqual(script(id));
      }
      if (kind.isSoftware) expect(plans.counts.steps).toBe(4 * plans.counts.chunks);
      if (kind.isSoftware) expect(plans.counts.idleReads).toBe(plans.counts.chunks);
    }
  });
});
