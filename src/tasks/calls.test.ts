/** Calls in tokens: counting agrees with a simulated rollout's log whatever is sampled; post-hoc calls by the rule. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { runArithmetic } from './testing/arithmetic.ts';
import { countToolCalls, parseToolCalls, pendingCall, postHocCalls } from './calls.ts';
import type { Problem } from './problem.ts';
import type { ToolCall, Trajectory } from './trajectory.ts';
import { responseTokens } from './transcript.ts';
import { encodeText, specialTokens, tokenIds, vocabularySize } from './vocabulary.ts';

const problem: Problem = { id: 'test', family: 'chain', question: '7 ', start: '7', steps: [], answer: '7' };

/** Tokens of text with control tokens by name. */
function encode(text: string): number[] {
  return text
    .split(/(<[^>]*>)/)
    .flatMap((part) =>
      part.startsWith('<') ? [specialTokens.indexOf(part as '<think>')] : encodeText(part),
    );
}

/** What the rollout does: whatever the policy samples, run each call, force its response, log it. */
function rollOut(sampled: readonly number[], context: number): Trajectory {
  const tokens = encode('<|im_start|>7 <think>');
  const mask = tokens.map(() => 0);
  const calls: ToolCall[] = [];
  for (const token of sampled) {
    if (tokens.length >= context) break;
    tokens.push(token);
    mask.push(1);
    const call = pendingCall(tokens);
    if (call !== null) {
      const result = runArithmetic(call.code);
      const response = responseTokens(result).slice(0, context - tokens.length);
      const answered = response.at(-1) === tokenIds.toolResponseEnd;
      const codeEnd = tokens.length;
      tokens.push(...response);
      mask.push(...response.map(() => 0));
      calls.push({ ...call, result, end: answered ? tokens.length : codeEnd });
    }
    if (token === tokenIds.imEnd) break;
  }
  return {
    problem,
    tokens: Int32Array.from(tokens),
    lossMask: Uint8Array.from(mask),
    logProbs: new Float32Array(tokens.length),
    calls,
    stop: tokens.at(-1) === tokenIds.imEnd ? 'end' : 'context',
  };
}

/** A policy's trajectory from a script; responses in the script come from running its calls. */
const sampledTrajectory = (script: string) => rollOut(encode(script), 1000);

const policyTokens = fc.array(
  fc.oneof(
    { weight: 3, arbitrary: fc.constantFrom(...encodeText('37*2+a/% =')) },
    { weight: 2, arbitrary: fc.constantFrom(tokenIds.toolCall, tokenIds.toolCallEnd) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(tokenIds.toolResponse, tokenIds.toolResponseEnd, tokenIds.thinkEnd),
    },
    { weight: 1, arbitrary: fc.integer({ min: 3, max: vocabularySize - 1 }) },
    {
      weight: 2,
      arbitrary: fc.constantFrom('37*2', '4//0', ')').map((code) => encode(`<tool_call>${code}</tool_call>`)),
    },
  ),
  { minLength: 20, maxLength: 80, size: 'max' },
);

describe('tool calls in tokens', () => {
  it('counts what a rollout logs, whatever the policy samples', () => {
    let [calls, failures, bareClosers] = [0, 0, 0];
    fc.assert(
      fc.property(policyTokens, fc.integer({ min: 10, max: 120 }), (parts, context) => {
        const sampled = parts.flat();
        const trajectory = rollOut(sampled, context);
        const spans = parseToolCalls(trajectory.tokens, trajectory.lossMask);
        expect(spans.map(({ start, end, code }) => ({ start, end, code }))).toEqual(
          trajectory.calls.map(({ start, end, code }) => ({ start, end, code })),
        );
        expect(countToolCalls(trajectory.tokens)).toBe(trajectory.calls.length);
        expect(postHocCalls(trajectory)).toHaveLength(trajectory.calls.length);
        // Nothing that was sampled is masked and nothing that was forced is not.
        const produced = [...trajectory.tokens].filter((_, i) => trajectory.lossMask[i] === 1);
        expect(produced).toEqual(sampled.slice(0, produced.length));
        calls += spans.length;
        failures += trajectory.calls.filter((call) => call.result.kind !== 'ok').length;
        bareClosers += produced.filter((token) => token === tokenIds.toolCallEnd).length - spans.length;
      }),
      { numRuns: 400, seed: 1 },
    );
    // The property is worth something only if all of these happened often.
    expect([calls > 500, failures > 200, bareClosers > 200]).toEqual([true, true, true]);
  });

  it('takes the last opener and ignores closers without one', () => {
    const tokens = encode('</tool_call>1<tool_call>2<tool_call>3+4</tool_call>5</tool_call><tool_call>6');
    expect(parseToolCalls(tokens)).toEqual([{ start: 4, codeEnd: 9, end: 9, code: '3+4' }]);
    expect(pendingCall(tokens)).toBeNull();
    expect(pendingCall(encode('<tool_call>3+4</tool_call>'))).toEqual({ start: 0, code: '3+4' });
    expect(pendingCall(encode('<tool_call>3</tool_call>4</tool_call>'))).toBeNull();
    expect(pendingCall(encode('<tool_call></tool_call>'))).toEqual({ start: 0, code: '' });
    expect(countToolCalls([])).toBe(0);
  });

  it('shows a control token inside code, so that such a cell cannot run', () => {
    const [call] = parseToolCalls(encode('<tool_call>3<think>4</tool_call>'));
    expect(call?.code).toBe('3<think>4');
  });

  it('does not take a response that the policy wrote itself for an answer', () => {
    const tokens = encode('<tool_call>3</tool_call><tool_response>3</tool_response>');
    expect(
      parseToolCalls(
        tokens,
        tokens.map(() => 1),
      )[0]?.end,
    ).toBe(3);
    expect(parseToolCalls(tokens, [1, 1, 1, 0, 0, 0])[0]?.end).toBe(6);
  });
});

describe('post-hoc calls', () => {
  const postHoc = (script: string) => postHocCalls(sampledTrajectory(script));

  it('are those that repeat a step of the head by its letter, right or wrong', () => {
    expect(
      postHoc('a37*2=60+14=74 b<tool_call>74-30</tool_call>a<tool_call>37*2</tool_call></think>'),
    ).toEqual([false, true]);
    expect(postHoc('a37*2=60+14=84 a<tool_call>37*2</tool_call>')).toEqual([true]);
    expect(postHoc('a37*2=60+14=74 a<tool_call>37*</tool_call>')).toEqual([true]);
  });

  it('are not those that only meet a number again', () => {
    // 60 is a partial product, 74 another step's value, and the first call's own output is no thought.
    expect(postHoc('a37*2=60+14=74 b<tool_call>74-14</tool_call>c<tool_call>60+14</tool_call>')).toEqual([
      false,
      false,
    ]);
    expect(postHoc('a<tool_call>3+4</tool_call>b<tool_call>7+0</tool_call>')).toEqual([false, false]);
    expect(postHoc('a*2 a<tool_call>37*2</tool_call>')).toEqual([false]);
  });

  it('without a letter are told by their output', () => {
    expect(postHoc('a37*2=60+14=74 <tool_call>74</tool_call>')).toEqual([true]);
    expect(postHoc('a37*2=60+14=74 <tool_call>60</tool_call>')).toEqual([false]);
    expect(postHoc('a37*2=60+14=74 <tool_call>7</tool_call>')).toEqual([false]);
    expect(postHoc('a//4=16 4*16=64 <tool_call>66//4</tool_call>')).toEqual([true]);
    expect(postHoc('a<tool_call>37*2</tool_call><tool_call>74</tool_call>')).toEqual([false, true]);
  });
});
