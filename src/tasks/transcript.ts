/**
 * From plans and results to tokens: prompts, tool responses, and the teacher's trajectories.
 *
 * Invariant: the loss mask is 1 on exactly what the teacher (or the policy) produces and 0 on prompt and tool output, and a
 * response holds what the sandbox really said. Responses contain no control tokens but their own two, so nothing a
 * cell prints can open a call or end a thought.
 */
import type { ExecutionResult } from '../sandbox/sandbox.ts';
import type { Problem } from './problem.ts';
import { planCode, type TeacherPlan } from './teacher.ts';
import type { ToolCall, Trajectory } from './trajectory.ts';
import { encodeText, isEncodable, tokenIds } from './vocabulary.ts';

/** Longest response the policy is shown, in characters, unless told otherwise. */
export const responseLengthMax = 16;

/** What the policy reads instead of output when a call did not end `ok`; the log has the full message. */
const failureMark = 'E';

/** `<|im_start|>`, the question, `<think>`. */
export function promptTokens(problem: Problem): number[] {
  return [tokenIds.imStart, ...encodeText(problem.question), tokenIds.think];
}

/** `<tool_response>`, what the policy sees of the result, `</tool_response>`. */
export function responseTokens(result: ExecutionResult, maxLength: number = responseLengthMax): number[] {
  return [tokenIds.toolResponse, ...encodeText(shownResult(result, maxLength)), tokenIds.toolResponseEnd];
}

/** What the policy sees of a result: trimmed output within the vocabulary, or a mark for every kind of failure. */
export function shownResult(result: ExecutionResult, maxLength: number = responseLengthMax): string {
  switch (result.kind) {
    case 'ok':
      return [...result.output.trim()].slice(0, maxLength).map(nearestCharacter).join('');
    case 'error':
    case 'timeout':
    case 'memory':
    case 'format':
      return failureMark;
  }
}

const brackets: Readonly<Record<string, string>> = {
  '[': '(',
  '{': '(',
  ']': ')',
  '}': ')',
  '"': "'",
  '\t': ' ',
};

/** A character of the vocabulary that reads like this one; a full stop where none does. `E` keeps its meaning. */
function nearestCharacter(character: string): string {
  if (character === failureMark) return 'e';
  if (isEncodable(character)) return character;
  const similar = brackets[character] ?? character.toLowerCase();
  return isEncodable(similar) ? similar : '.';
}

/**
 * The trajectory of a plan whose calls have been run.
 * @param results one per call of the plan, in `planCode`'s order; throws where there are more or fewer
 */
export function transcribePlan(
  plan: TeacherPlan,
  results: readonly ExecutionResult[],
  maxLength: number = responseLengthMax,
): Trajectory {
  const expected = planCode(plan).length;
  if (results.length !== expected)
    throw new Error(`The plan makes ${expected} calls, but there are ${results.length} results.`);
  const tokens: number[] = [];
  const mask: number[] = [];
  const put = (added: readonly number[], produced: 0 | 1) => {
    for (const token of added) {
      tokens.push(token);
      mask.push(produced);
    }
  };
  const calls: ToolCall[] = [];
  put(promptTokens(plan.problem), 0);
  for (const segment of plan.segments) {
    switch (segment.kind) {
      case 'thought':
        put(encodeText(segment.text), 1);
        break;
      case 'call': {
        const start = tokens.length;
        const result = results[calls.length] as ExecutionResult; // counted above
        put([tokenIds.toolCall, ...encodeText(segment.code), tokenIds.toolCallEnd], 1);
        put(responseTokens(result, maxLength), 0);
        calls.push({ code: segment.code, result, start, end: tokens.length });
        break;
      }
    }
  }
  put([tokenIds.thinkEnd, ...encodeText(plan.answer), tokenIds.imEnd], 1);
  return {
    problem: plan.problem,
    tokens: Int32Array.from(tokens),
    lossMask: Uint8Array.from(mask),
    logProbs: new Float32Array(tokens.length),
    calls,
    stop: 'end',
  };
}
