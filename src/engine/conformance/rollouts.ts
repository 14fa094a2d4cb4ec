/**
 * Conformance, part two: what a rollout session promises (`RolloutSession` in engine.ts), on a small random policy.
 *
 * Written once for every engine and backend. The tests compare the sampler with the engine's own full forward pass, so a session
 * whose cache, positions or masks are wrong cannot agree with it by accident.
 */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type {
  PolicyEngine,
  RolloutEvent,
  RolloutOptions,
  RolloutRequest,
  RolloutSequence,
  RolloutSession,
} from '../engine.ts';
import type { Extent } from './conformance.ts';
import type { Fixture } from './fixture.ts';
import { loadFixture } from './fixture.ts';
import type { MakeEngine } from './numerics.ts';
import { STARTING_MS } from './numerics.ts';

const greedy = { temperature: 0, topP: 1 } as const;
const warm = { temperature: 1.3, topP: 1 } as const;

/** Tokens by role; any ids of the fixture's vocabulary (47) will do. */
const END = 2;
const TURN = 6;
const TOOL_OUTPUT = [7, 11, 12, 8] as const;

const plain: RolloutOptions = {
  sampling: greedy,
  seed: 5,
  context: 30,
  turnEndTokens: [],
  endTokens: [],
};

/** Prompts of different lengths, two of them alike. */
const requests: readonly RolloutRequest[] = [
  { id: 3, prompt: [1, 20, 21, 22, 3] },
  { id: 4, prompt: [1, 20, 21, 22, 3] },
  { id: 9, prompt: [1, 30] },
  { id: 12, prompt: [17] },
  { id: 40, prompt: [1, 5, 9, 13, 17, 21, 25, 29, 33, 37, 41, 45, 2, 6, 10, 14, 18, 22] },
];

type Finished = Extract<RolloutEvent, { type: 'finished' }>;

/** Run a session to its end; `onTurn` must force or finish. Checks that every sequence is reported finished once. */
async function play(
  session: RolloutSession,
  onTurn: (sequence: RolloutSequence, turn: number) => void = () => undefined,
  maxTokens?: number,
): Promise<Map<number, Finished>> {
  const finished = new Map<number, Finished>();
  const turns = new Map<number, number>();
  for (let calls = 0; session.live > 0; calls++) {
    if (calls > 2000) throw new Error('The session does not come to an end.');
    for (const event of await session.advance(maxTokens)) {
      const { id } = event.sequence;
      if (event.type === 'finished') {
        expect(finished.has(id), `sequence ${id} finishes twice`).toBe(false);
        finished.set(id, event);
      } else {
        const turn = turns.get(id) ?? 0;
        turns.set(id, turn + 1);
        onTurn(event.sequence, turn);
      }
    }
  }
  expect(await session.advance()).toEqual([]);
  return finished;
}

function argMax(logits: Float32Array, offset: number, size: number): number {
  let best = 0;
  for (let i = 1; i < size; i++) if ((logits[offset + i] ?? 0) > (logits[offset + best] ?? 0)) best = i;
  return best;
}

function expectConsistent({ tokens, lossMask, logProbs }: RolloutSequence): void {
  expect(lossMask.length).toBe(tokens.length);
  expect(logProbs.length).toBe(tokens.length);
  lossMask.forEach((sampled, t) => {
    if (sampled) expect(logProbs[t]).toBeLessThanOrEqual(1e-6);
    else expect(logProbs[t]).toBe(0);
  });
}

export function describeRollouts(makeEngine: MakeEngine, extent: Extent): void {
  describe('rollouts', () => {
    let fixture: Fixture;
    let engine: PolicyEngine;

    beforeAll(async () => {
      fixture = await loadFixture('odd');
      engine = await makeEngine(fixture.config);
      await engine.loadTensors(fixture.weights);
    }, STARTING_MS);

    afterAll(() => {
      engine.dispose();
    });

    async function rollOut(
      options: Partial<RolloutOptions>,
      list: readonly RolloutRequest[] = requests,
      onTurn?: (session: RolloutSession, sequence: RolloutSequence, turn: number) => void,
      maxTokens?: number,
    ) {
      const session = engine.startRollout({ ...plain, ...options });
      session.add(list);
      expect(session.live).toBe(list.length);
      const finished = await play(session, (sequence, turn) => onTurn?.(session, sequence, turn), maxTokens);
      session.dispose();
      for (const { sequence } of finished.values()) expectConsistent(sequence);
      return finished;
    }

    /** The sampler's log-probabilities are those of the full forward pass. */
    async function expectTrueLogProbs(finished: Map<number, Finished>, temperature: number) {
      const sequences = [...finished.values()].map((event) => event.sequence);
      const truth = await engine.logProbs(sequences, temperature);
      sequences.forEach((sequence, i) => {
        sequence.lossMask.forEach((sampled, t) => {
          if (!sampled) return;
          const difference = (sequence.logProbs[t] ?? NaN) - (truth[i]?.logProbs[t] ?? NaN);
          expect(Math.abs(difference), `sequence ${sequence.id}, token ${t}`).toBeLessThanOrEqual(1e-4);
        });
      });
    }

    it('samples, hands back turns and takes forced tokens in, with true log-probabilities', async () => {
      const options = {
        sampling: warm,
        context: 16,
        turnEndTokens: [TURN, 10, 11, 12, 13],
        endTokens: [END],
      };
      const list = requests.slice(0, 3);
      const finished = await rollOut(options, list, (session, { id }) => {
        session.force(id, TOOL_OUTPUT);
      });
      expect(finished.size).toBe(list.length);
      for (const { sequence } of finished.values()) {
        expect(sequence.lossMask.some((sampled) => sampled === 1)).toBe(true);
      }
      await expectTrueLogProbs(finished, warm.temperature);
    });
    if (extent === 'brief') return;

    it('greedy equals the full forward pass, token for token', async () => {
      const finished = await rollOut({});
      expect([...finished.keys()].sort((a, b) => a - b)).toEqual(requests.map(({ id }) => id));
      for (const { id, prompt } of requests) {
        const event = finished.get(id);
        expect(event?.reason).toBe('context');
        const tokens = event?.sequence.tokens ?? new Int32Array();
        expect(tokens.length).toBe(plain.context);
        expect([...tokens.subarray(0, prompt.length)]).toEqual(prompt);
        const logits = await engine.logits(tokens);
        const { vocabularySize } = fixture.config;
        for (let t = prompt.length; t < tokens.length; t++) {
          expect(tokens[t], `sequence ${id}, token ${t}`).toBe(
            argMax(logits, (t - 1) * vocabularySize, vocabularySize),
          );
        }
      }
      await expectTrueLogProbs(finished, 1);
    });

    it('reports the log-probability at the sampling temperature, also under top-p', async () => {
      await expectTrueLogProbs(await rollOut({ sampling: warm, context: 60 }), warm.temperature);
      await expectTrueLogProbs(await rollOut({ sampling: { temperature: 0.6, topP: 0.9 } }), 0.6);
    });

    it('gives a sequence the same tokens whatever else is in the batch, and by seed and id alone', async () => {
      const options = { sampling: warm, context: 48 };
      const together = await rollOut(options);
      for (const request of requests) {
        const alone = await rollOut(options, [request]);
        expect(alone.get(request.id)?.sequence.tokens).toEqual(together.get(request.id)?.sequence.tokens);
      }
      expect(together.get(3)?.sequence.tokens).not.toEqual(together.get(4)?.sequence.tokens);
      const again = await rollOut(options);
      expect(again).toEqual(together);
      const otherSeed = await rollOut({ ...options, seed: 6 });
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
      const whole = await rollOut(options, requests, onTurn);
      for (const maxTokens of [1, 7]) {
        const cut = await rollOut(options, requests, onTurn, maxTokens);
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
      await expectTrueLogProbs(finished, warm.temperature);
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
      await expectTrueLogProbs(finished, warm.temperature);
      session.dispose();
    });

    it('ends at an end token, and at a turn only when no end token says otherwise', async () => {
      const finished = await rollOut({ sampling: warm, endTokens: allTurns, turnEndTokens: allTurns });
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
      const finished = await rollOut({ context: 5 }, [
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
      const apart = await rollOut(options, [...requests, ...late]);
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
      expect(() => session.add([{ id: 2, prompt: [47] }])).toThrow(/vocabulary/);
      expect(() => {
        session.force(1, [1]);
      }).toThrow(/waits/);
      expect(() => {
        session.finish(77);
      }).toThrow(/waits/);
      session.dispose();
      await expect(session.advance()).rejects.toThrow(/disposed/);
    });

    it('samples from the weights of the moment the session began', async () => {
      const session = engine.startRollout({ ...plain, sampling: warm });
      session.add(requests);
      await session.advance(3);
      const changed = new Map(
        [...fixture.weights].map(([name, { shape, data }]) => [name, { shape, data: data.map((x) => -x) }]),
      );
      await engine.loadTensors(changed);
      const finished = await play(session);
      session.dispose();
      await engine.loadTensors(fixture.weights);
      await expectTrueLogProbs(finished, warm.temperature);
    });
  });
}
