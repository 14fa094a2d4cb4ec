/**
 * What a trajectory's last turn came to: a call, an answer, or neither, which is a void turn.
 *
 * A turn is what the policy writes between two tool responses. It is void when it holds neither a complete code call nor an
 * answer (SimpleTIR, "void turn"). Every turn but the last ended with a `</tool_call>`, so only the last one can be void, or one
 * that closed a call which it had not opened: that one was told so (`E`), as after a call that fails, and the policy went on.
 *
 * Why a trajectory stopped does not decide it. A response that did not fit the context, or a call beyond the budget, stops a
 * trajectory whose last turn called; and `<|im_end|>` inside a thought ends one that did not answer.
 */
import { pendingCall } from './calls.ts';
import type { Trajectory } from './trajectory.ts';
import { extractAnswer } from './verifier.ts';

export type TurnOutcome = 'call' | 'answer' | 'void';

/**
 * How the last turn ended. A call counts whether or not it was run or its response still fitted; an answer, right or wrong, is
 * what the verifier would compare, and a blank one is none.
 */
export function lastTurn({ tokens, lossMask }: Pick<Trajectory, 'tokens' | 'lossMask'>): TurnOutcome {
  // What follows the last sampled token is a response, whole or cut off, that the policy never went on from.
  const written = tokens.subarray(0, lossMask.lastIndexOf(1) + 1);
  if (pendingCall(written) !== null) return 'call';
  const answer = extractAnswer(written);
  return answer === null || answer === '' ? 'void' : 'answer';
}

/** True when the policy's last turn neither called nor answered. */
export function endsInVoidTurn(trajectory: Pick<Trajectory, 'tokens' | 'lossMask'>): boolean {
  return lastTurn(trajectory) === 'void';
}
