/**
 * Playing rollout sessions to their end, for the conformance suite: the requests and options that its tests share, and what holds
 * of every sequence that comes back.
 */
import { expect } from 'vitest';
import type {
  PolicyEngine,
  RolloutEvent,
  RolloutOptions,
  RolloutRequest,
  RolloutSequence,
  RolloutSession,
} from '../engine.ts';

export const greedy = { temperature: 0, topP: 1 } as const;
export const warm = { temperature: 1.3, topP: 1 } as const;

/** Tokens by role; any ids of the fixture's vocabulary (47) will do. */
export const END = 2;
export const TURN = 6;
export const TOOL_OUTPUT = [7, 11, 12, 8] as const;

export const plain: RolloutOptions = {
  sampling: greedy,
  seed: 5,
  context: 30,
  turnEndTokens: [],
  endTokens: [],
};

/** Prompts of different lengths, two of them alike. */
export const requests: readonly RolloutRequest[] = [
  { id: 3, prompt: [1, 20, 21, 22, 3] },
  { id: 4, prompt: [1, 20, 21, 22, 3] },
  { id: 9, prompt: [1, 30] },
  { id: 12, prompt: [17] },
  { id: 40, prompt: [1, 5, 9, 13, 17, 21, 25, 29, 33, 37, 41, 45, 2, 6, 10, 14, 18, 22] },
];

export type Finished = Extract<RolloutEvent, { type: 'finished' }>;

/** Run a session to its end; `onTurn` must force or finish. Checks that every sequence is reported finished once. */
export async function play(
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

function expectConsistent({ tokens, lossMask, logProbs }: RolloutSequence): void {
  expect(lossMask.length).toBe(tokens.length);
  expect(logProbs.length).toBe(tokens.length);
  lossMask.forEach((sampled, t) => {
    if (sampled) expect(logProbs[t]).toBeLessThanOrEqual(1e-6);
    else expect(logProbs[t]).toBe(0);
  });
}

/** Roll `list` out on one session from beginning to end. */
export async function rollOut(
  engine: PolicyEngine,
  options: Partial<RolloutOptions>,
  list: readonly RolloutRequest[] = requests,
  onTurn?: (session: RolloutSession, sequence: RolloutSequence, turn: number) => void,
  maxTokens?: number,
): Promise<Map<number, Finished>> {
  const session = engine.startRollout({ ...plain, ...options });
  session.add(list);
  expect(session.live).toBe(list.length);
  const finished = await play(session, (sequence, turn) => onTurn?.(session, sequence, turn), maxTokens);
  session.dispose();
  for (const { sequence } of finished.values()) expectConsistent(sequence);
  return finished;
}

/** The sampler's log-probabilities are those of the full forward pass. */
export async function expectTrueLogProbs(
  engine: PolicyEngine,
  finished: ReadonlyMap<number, Finished>,
  temperature: number,
): Promise<void> {
  const sequences = [...finished.values()].map((event) => event.sequence);
  const truth = await engine.logProbs(sequences, temperature);
  sequences.forEach((sequence, i) => {
    sequence.lossMask.forEach((sampled, t) => {
      if (!sampled) return;
      const difference = sequence.logProbs[t]! - truth[i]!.logProbs[t]!;
      expect(Math.abs(difference), `sequence ${sequence.id}, token ${t}`).toBeLessThanOrEqual(1e-4);
    });
  });
}
