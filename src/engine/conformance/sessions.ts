/**
 * Conformance, part three: what a rollout session promises whatever it samples (`RolloutSession` in engine.ts): its turns, forced
 * tokens, ends and refusals, and that a sequence does not depend on its neighbours.
 *
 * The engine must sample at random by seed, id and position from tokens below 47, and reports log-probabilities at the sampling
 * temperature; beyond that nothing is assumed of it, so a test double can be held to the same.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import type {
  PolicyEngine,
  RolloutOptions,
  RolloutRequest,
  RolloutSequence,
  RolloutSession,
} from '../engine.ts';
import { STARTING_MS } from './engineUnderTest.ts';
import {
  END,
  expectTrueLogProbs,
  plain,
  play,
  requests,
  rollOut,
  TOOL_OUTPUT,
  TURN,
  warm,
} from './playing.ts';

/** @param readyEngine an engine with weights; nobody disposes of it here */
export function describeSessions(readyEngine: () => Promise<PolicyEngine>): void {
  describe('rollout sessions', () => {
    let engine: PolicyEngine;

    beforeAll(async () => {
      engine = await readyEngine();
    }, STARTING_MS);

    it('gives a sequence the same tokens whatever else is in the batch, and by seed and id alone', async () => {
      const options = { sampling: warm, context: 48 };
      const together = await rollOut(engine, options);
      for (const request of requests) {
        const alone = await rollOut(engine, options, [request]);
        expect(alone.get(request.id)?.sequence.tokens).toEqual(together.get(request.id)?.sequence.tokens);
      }
      expect(together.get(3)?.sequence.tokens).not.toEqual(together.get(4)?.sequence.tokens);
      const again = await rollOut(engine, options);
      expect(again).toEqual(together);
      const otherSeed = await rollOut(engine, { ...options, seed: 6 });
      expect(otherSeed.get(3)?.sequence.tokens).not.toEqual(together.get(3)?.sequence.tokens);
    });

    it('gives the same tokens however the calls to advance cut the time', async () => {
      const options = {
        sampling: warm,
        context: 40,
        turnEndTokens: [TURN, 10, 11, 12, 13],
        endTokens: [END],
      };
      const onTurn = (session: RolloutSession, { id }: RolloutSequence) => {
        session.force(id, TOOL_OUTPUT);
      };
      const whole = await rollOut(engine, options, requests, onTurn);
      for (const maxTokens of [1, 7]) {
        const cut = await rollOut(engine, options, requests, onTurn, maxTokens);
        for (const { id } of requests) {
          expect(cut.get(id)?.sequence.tokens).toEqual(whole.get(id)?.sequence.tokens);
          expect(cut.get(id)?.reason).toBe(whole.get(id)?.reason);
        }
      }
    });

    it('advances at most maxTokens tokens a sequence', async () => {
      const session = engine.startRollout({ ...plain, sampling: warm });
      session.add([{ id: 1, prompt: [1, 2, 3] }]);
      expect(await session.advance(5)).toEqual([]);
      const finished = await play(session, undefined, 9);
      expect(finished.get(1)?.sequence.tokens.length).toBe(plain.context);
      session.dispose();
    });

    /** Every token but one ends a turn, so turns come at once. */
    const allTurns = Array.from({ length: 46 }, (_, token) => token + 1);

    it('hands back turns, takes forced tokens in, and keeps them out of the mask', async () => {
      const finished = await rollOut(
        engine,
        { sampling: warm, turnEndTokens: allTurns },
        requests,
        (session, sequence, turn) => {
          expect(sequence.lossMask.at(-1)).toBe(1);
          if (turn === 2) session.finish(sequence.id);
          else session.force(sequence.id, TOOL_OUTPUT);
        },
      );
      for (const { id, prompt } of requests) {
        const event = finished.get(id);
        const tokens = event?.sequence.tokens ?? new Int32Array();
        const lossMask = event?.sequence.lossMask ?? new Uint8Array();
        if (id !== 40) expect(event?.reason).toBe('stopped');
        const zeros = lossMask.reduce((count, sampled) => count + (sampled ? 0 : 1), 0);
        if (id !== 40) expect(zeros).toBeGreaterThanOrEqual(prompt.length + 2 * TOOL_OUTPUT.length);
        for (let t = prompt.length; t < tokens.length; t++) {
          if (!lossMask[t] && lossMask[t - 1]) {
            expect([...tokens.slice(t, t + TOOL_OUTPUT.length)]).toEqual([...TOOL_OUTPUT]);
          }
        }
      }
      await expectTrueLogProbs(engine, finished, warm.temperature);
    });

    it('lets sequences wait as long as their caller likes, and says so with an empty list', async () => {
      const session = engine.startRollout({ ...plain, sampling: warm, turnEndTokens: allTurns });
      session.add([
        { id: 1, prompt: [1, 30] },
        { id: 2, prompt: [1, 31] },
      ]);
      const waiting = new Set<number>();
      while (waiting.size < 2) {
        for (const event of await session.advance())
          if (event.type === 'turn') waiting.add(event.sequence.id);
      }
      expect(await session.advance()).toEqual([]);
      expect(await session.advance(3)).toEqual([]);
      expect(session.live).toBe(2);
      session.force(2, TOOL_OUTPUT); // 1 waits on, while 2 goes on
      const next = await session.advance();
      expect(next.map((event) => event.sequence.id)).toEqual([2]);
      session.force(1, TOOL_OUTPUT);
      if (next[0]?.type === 'turn') session.finish(2);
      const finished = await play(session, ({ id }) => {
        session.finish(id);
      });
      await expectTrueLogProbs(engine, finished, warm.temperature);
      session.dispose();
    });

    it('ends at an end token, and at a turn only when no end token says otherwise', async () => {
      const finished = await rollOut(engine, {
        sampling: warm,
        endTokens: allTurns,
        turnEndTokens: allTurns,
      });
      for (const { id, prompt } of requests) {
        const event = finished.get(id);
        expect(event?.reason).toBe('end');
        expect(event?.sequence.tokens.length).toBeGreaterThan(prompt.length);
        expect(allTurns).toContain(event?.sequence.tokens.at(-1));
      }
    });

    it('ends a sequence whose forced tokens would overflow the context, leaving it as it was', async () => {
      const lengths = new Map<number, number>();
      const finished = await rollOut(
        engine,
        { sampling: warm, context: 8, turnEndTokens: allTurns },
        [
          { id: 1, prompt: [1, 2, 3] },
          { id: 2, prompt: [4] },
        ],
        (session, { id, tokens }) => {
          lengths.set(id, tokens.length);
          session.force(id, [7, 7, 7, 7, 7, 7, 8]);
        },
      );
      for (const [id, event] of finished) {
        expect(event.reason).toBe('context');
        expect(event.sequence.tokens.length).toBe(lengths.get(id) ?? 8);
      }
    });

    it('takes forced tokens that fill the context exactly, and ends there', async () => {
      const context = 12;
      const finished = await rollOut(
        engine,
        { sampling: warm, context, turnEndTokens: allTurns },
        [{ id: 1, prompt: [1, 2, 3] }],
        (session, { id, tokens }) => {
          session.force(
            id,
            Array.from({ length: context - tokens.length }, () => 9),
          );
        },
      );
      expect(finished.get(1)?.reason).toBe('context');
      expect(finished.get(1)?.sequence.tokens.length).toBe(context);
    });

    it('ends a prompt that leaves no room at once', async () => {
      const finished = await rollOut(engine, { context: 5 }, [
        { id: 1, prompt: [1, 2, 3, 4, 5] },
        { id: 2, prompt: [1, 2, 3, 4, 5, 6, 7] },
        { id: 3, prompt: [1, 2, 3, 4] },
      ]);
      expect(finished.get(1)?.sequence.tokens.length).toBe(5);
      expect(finished.get(2)?.sequence.tokens.length).toBe(7);
      expect(finished.get(3)?.sequence.tokens.length).toBe(5);
      for (const event of finished.values()) expect(event.reason).toBe('context');
    });

    it('takes new sequences in while others run, and drops those that are done', async () => {
      const options: RolloutOptions = { ...plain, sampling: warm, context: 40 };
      const late: readonly RolloutRequest[] = Array.from({ length: 9 }, (_, i) => ({
        id: 100 + i,
        prompt: [1, 20 + i, 3],
      }));
      const apart = await rollOut(engine, options, [...requests, ...late]);
      const session = engine.startRollout(options);
      session.add(requests);
      await session.advance(6);
      session.add(late.slice(0, 4));
      await session.advance(11);
      session.add(late.slice(4));
      const finished = await play(session);
      session.dispose();
      expect(finished.size).toBe(requests.length + late.length);
      for (const [id, event] of finished) {
        expect(event.sequence.tokens, `sequence ${id}`).toEqual(apart.get(id)?.sequence.tokens);
      }
    });

    it('refuses what makes no sense, in words', async () => {
      const session = engine.startRollout(plain);
      session.add([{ id: 1, prompt: [1] }]);
      expect(() => session.add([{ id: 1, prompt: [1] }])).toThrow(/already/);
      expect(() => session.add([{ id: 2, prompt: [] }])).toThrow(/empty/);
      expect(() => session.add([{ id: 2, prompt: [engine.config.vocabularySize] }])).toThrow(/vocabulary/);
      expect(() => {
        session.force(1, [1]);
      }).toThrow(/waits/);
      expect(() => {
        session.finish(77);
      }).toThrow(/waits/);
      session.dispose();
      await expect(session.advance()).rejects.toThrow(/disposed/);
    });
  });
}
