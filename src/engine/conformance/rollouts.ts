/**
 * Conformance, part two: what a session samples, on a small random policy.
 *
 * The tests compare the sampler with the engine's own full forward pass, so a session whose cache, positions or masks are wrong
 * cannot agree with it by accident. What a session promises whatever it samples is in sessions.ts.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import type { PolicyEngine } from '../engine.ts';
import type { Fixture } from './fixture.ts';
import { loadFixture } from './fixture.ts';
import { STARTING_MS, type Extent, type MakeEngine } from './engineUnderTest.ts';
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

function argMax(logits: Float32Array, offset: number, size: number): number {
  let best = 0;
  for (let i = 1; i < size; i++) if (logits[offset + i]! > logits[offset + best]!) best = i;
  return best;
}

export function describeRollouts(engineOf: MakeEngine, extent: Extent): void {
  describe('rollouts', () => {
    let fixture: Fixture;
    let engine: PolicyEngine;

    beforeAll(async () => {
      fixture = await loadFixture('odd');
      engine = await engineOf(fixture.config);
      await engine.loadTensors(fixture.weights);
    }, STARTING_MS);

    it('samples, hands back turns and takes forced tokens in, with true log-probabilities', async () => {
      const options = {
        sampling: warm,
        context: 16,
        turnEndTokens: [TURN, 10, 11, 12, 13],
        endTokens: [END],
      };
      const list = requests.slice(0, 3);
      const finished = await rollOut(engine, options, list, (session, { id }) => {
        session.force(id, TOOL_OUTPUT);
      });
      expect(finished.size).toBe(list.length);
      for (const { sequence } of finished.values()) {
        expect(sequence.lossMask.some((sampled) => sampled === 1)).toBe(true);
      }
      await expectTrueLogProbs(engine, finished, warm.temperature);
    });
    if (extent === 'brief') return;

    it('greedy equals the full forward pass, token for token', async () => {
      const finished = await rollOut(engine, {});
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
      await expectTrueLogProbs(engine, finished, 1);
    });

    it('reports the log-probability at the sampling temperature, also under top-p', async () => {
      await expectTrueLogProbs(
        engine,
        await rollOut(engine, { sampling: warm, context: 60 }),
        warm.temperature,
      );
      await expectTrueLogProbs(
        engine,
        await rollOut(engine, { sampling: { temperature: 0.6, topP: 0.9 } }),
        0.6,
      );
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
      await expectTrueLogProbs(engine, finished, warm.temperature);
    });
  });
}
