/**
 * The verifier: an outcome reward of 1 or 0, from tokens alone.
 *
 * Invariant: only a finished trajectory can earn anything. The answer is what stands between the last `</think>` and
 * the closing `<|im_end|>`, spaces trimmed; it must equal the problem's answer character by character, so a control
 * token, a sign or a leading zero makes it wrong. How the answer was found plays no part.
 */
import type { Problem } from './problem.ts';
import { decodeTokens, tokenIds } from './vocabulary.ts';

/** The answer that a finished trajectory gives, or null where it was cut off or never left its thought. */
export function extractAnswer(tokens: Int32Array | readonly number[]): string | null {
  if (tokens.length === 0 || tokens[tokens.length - 1] !== tokenIds.imEnd) return null;
  const thinkEnd = tokens.lastIndexOf(tokenIds.thinkEnd);
  if (thinkEnd < 0) return null;
  return decodeTokens(tokens.slice(thinkEnd + 1, -1)).trim();
}

/** 1 when the trajectory ends with the right answer, else 0. */
export function reward(problem: Problem, tokens: Int32Array | readonly number[]): 0 | 1 {
  return extractAnswer(tokens) === problem.answer ? 1 : 0;
}
