/** The test double keeps the contract that every engine keeps. */
import { describe, expect, it } from 'vitest';
import { describeSessions } from '../../engine/conformance/sessions.ts';
import { Random } from '../../random/random.ts';
import { tokenIds } from '../../tasks/vocabulary.ts';
import { ScriptedEngine, snapshotLogProb } from './scriptedEngine.ts';

describe('the scripted engine', () => {
  describeSessions(
    async () =>
      new ScriptedEngine((id, _, seed) => {
        const random = new Random(seed).fork(id);
        return [Array.from({ length: 60 }, () => random.integer(1, 46))];
      }),
  );

  it('pads where its script is over', async () => {
    const session = new ScriptedEngine(() => [[9]]).startRollout({
      sampling: { temperature: 1, topP: 1 },
      seed: 1,
      context: 5,
      turnEndTokens: [],
      endTokens: [],
    });
    session.add([{ id: 1, prompt: [1, 2] }]);
    const [event] = await session.advance();
    expect(event).toMatchObject({ type: 'finished', reason: 'context' });
    expect([...(event?.sequence.tokens ?? [])]).toEqual([1, 2, 9, tokenIds.pad, tokenIds.pad]);
  });

  it('takes no snapshot for its own that was disposed of, or is another engine’s', async () => {
    const engine = new ScriptedEngine(() => []);
    const snapshot = await engine.snapshot();
    const sequences = [{ tokens: Int32Array.of(1, 2) }];
    expect((await engine.logProbs(sequences, 1, snapshot))[0]?.logProbs[1]).toBe(snapshotLogProb);
    await expect(new ScriptedEngine(() => []).logProbs(sequences, 1, snapshot)).rejects.toThrow(/another/);
    snapshot.dispose();
    await expect(engine.logProbs(sequences, 1, snapshot)).rejects.toThrow(/disposed/);
    expect(engine.liveSnapshots).toBe(0);
  });
});
