/**
 * For tests only: small trajectories, rewarded, in groups.
 */
import type { Problem } from '../../tasks/problem.ts';
import type { Trajectory } from '../../tasks/trajectory.ts';
import { encodeText, tokenIds } from '../../tasks/vocabulary.ts';
import type { ScoredTrajectory } from '../events.ts';

export function problem(id: string): Problem {
  const step = {
    label: 'a',
    operation: '*2',
    code: '37*2',
    value: '74',
    thought: '37*2=60+14=74 ',
    difficulty: 0.7,
  };
  return { id, family: 'chain', question: '37 a*2 ', start: '37', steps: [step], answer: '74' };
}

/** One call, the right answer; `logProbs` are awkward float32 values where the policy sampled. */
export function trajectory(
  id = 'chain/stage-1/1/0',
  options: { readonly sampled?: boolean } = {},
): Trajectory {
  const prompt = [tokenIds.imStart, ...encodeText('37 a*2 '), tokenIds.think];
  const call = [...encodeText('a'), tokenIds.toolCall, ...encodeText('37*2'), tokenIds.toolCallEnd];
  const response = [tokenIds.toolResponse, ...encodeText('74'), tokenIds.toolResponseEnd];
  const answer = [tokenIds.thinkEnd, ...encodeText('74'), tokenIds.imEnd];
  const parts = [prompt, call, response, answer];
  const lossMask = Uint8Array.from(parts.flatMap((part, i) => part.map(() => i % 2)));
  const sampled = options.sampled ?? true;
  return {
    problem: problem(id),
    tokens: Int32Array.from(parts.flat()),
    lossMask,
    logProbs: Float32Array.from(lossMask, (mask, i) => (mask === 1 && sampled ? -1 / (i + 3) : 0)),
    calls: [
      {
        code: '37*2',
        result: { kind: 'ok', output: '74\n' },
        start: prompt.length + 1,
        end: prompt.length + call.length + response.length,
      },
    ],
    stop: 'end',
  };
}

export function scored(prompt: number, sample: number, reward: number): ScoredTrajectory {
  return { ...trajectory(`chain/stage-1/1/${prompt}`), reward, advantage: reward - 0.3, prompt, sample };
}

/** A rollout batch of `prompts` groups of `groupSize`; in group `mixed` half of the answers are right. */
export function batch(prompts: number, groupSize: number, mixed: number): ScoredTrajectory[] {
  return Array.from({ length: prompts * groupSize }, (_, i) => {
    const prompt = Math.floor(i / groupSize);
    return scored(prompt, i % groupSize, prompt === mixed && i % 2 === 0 ? 1 : 0);
  });
}
