import { describe, expect, it } from 'vitest';
import type { ExecutionResult } from '../sandbox/sandbox.ts';
import type { Problem } from '../tasks/problem.ts';
import { promptTokens, responseTokens } from '../tasks/transcript.ts';
import type { StopReason, ToolCall, Trajectory } from '../tasks/trajectory.ts';
import { encodeText, tokenIds } from '../tasks/vocabulary.ts';
import {
  accuracyError,
  callHistogram,
  clusteredError,
  interactionMetrics,
  quantile,
  shareError,
} from './interaction.ts';

const problem: Problem = {
  id: 'p',
  family: 'chain',
  question: '7 a*2 ',
  start: '7',
  steps: [],
  answer: '14',
};
const ok: ExecutionResult = { kind: 'ok', output: '14\n' };
const failed: ExecutionResult = { kind: 'error', message: 'ZeroDivisionError', output: '' };

/** A trajectory with these calls, answered and then ended by `ending`. */
function trajectory(
  results: readonly ExecutionResult[],
  ending: readonly number[],
  stop: StopReason,
): Trajectory {
  const tokens = promptTokens(problem);
  const lossMask = tokens.map(() => 0);
  const put = (added: readonly number[], sampled: 0 | 1) => {
    tokens.push(...added);
    lossMask.push(...added.map(() => sampled));
  };
  const calls: ToolCall[] = results.map((result) => {
    const start = tokens.length;
    put([tokenIds.toolCall, ...encodeText('7*2'), tokenIds.toolCallEnd], 1);
    put(responseTokens(result), 0);
    return { code: '7*2', result, start, end: tokens.length };
  });
  put(ending, 1);
  return {
    ...{ problem, calls, stop },
    tokens: Int32Array.from(tokens),
    lossMask: Uint8Array.from(lossMask),
    logProbs: new Float32Array(tokens.length),
  };
}

const answer = [tokenIds.thinkEnd, ...encodeText('14'), tokenIds.imEnd];
const thought = encodeText('a*2=');
const call = [tokenIds.toolCall, ...encodeText('7*2'), tokenIds.toolCallEnd];

describe('a batch of trajectories', () => {
  it('has calls, shares of calls and shares of trajectories', () => {
    const values = interactionMetrics([
      trajectory([ok, ok, ok], answer, 'end'),
      trajectory([failed], answer, 'end'),
      trajectory([], thought, 'context'),
      trajectory([], call, 'budget'),
    ]);
    expect(values).toMatchObject({
      'tool_use/avg_tool_calls_per_trajectory': 1,
      'tool_use/p50': 0.5,
      'tool_use/tool_use_ratio': 0.5,
      'tool_use/at_most_2_ratio': 0.75,
      'tool_use/execution_success_ratio': 0.75,
      'tool_use/execution_error_ratio': 0.25,
      'tool_use/execution_timeout_ratio': 0,
      'tool_use/hit_budget_ratio': 0.25,
      'response_length/clip_ratio': 0.25,
    });
  });

  it('counts a void turn by what the last turn holds, not by why the trajectory stopped', () => {
    const share = (...batch: Trajectory[]) => interactionMetrics(batch)['tool_use/void_turn_ratio'];
    expect(share(trajectory([ok], thought, 'context'))).toBe(1);
    expect(share(trajectory([ok], call, 'context'))).toBe(0);
    expect(share(trajectory([ok], call, 'budget'))).toBe(0);
    expect(share(trajectory([ok], [...thought, tokenIds.imEnd], 'end'))).toBe(1);
    expect(share(trajectory([ok], answer, 'end'), trajectory([], thought, 'context'))).toBe(0.5);
  });

  it('has no shares of calls where there is none', () => {
    const values = interactionMetrics([trajectory([], answer, 'end')]);
    expect(Object.keys(values).filter((name) => /execution|post_hoc/.test(name))).toEqual([]);
    expect(values['tool_use/avg_tool_calls_per_trajectory']).toBe(0);
  });

  it('counts trajectories whose Python lost what it held, and says nothing where none did', () => {
    const lost: ExecutionResult = { ...failed, stateLost: true };
    const whole = trajectory([ok, failed], answer, 'end');
    expect(interactionMetrics([whole])).not.toHaveProperty(['tool_use/states_lost']);
    const values = interactionMetrics([
      whole,
      trajectory([ok, lost, lost], answer, 'end'),
      trajectory([lost], answer, 'end'),
    ]);
    expect(values['tool_use/states_lost']).toBe(2);
  });

  it('counts calls against the steps that the problems need', () => {
    const step = { label: 'a', operation: '*2', code: '7*2', value: '14', thought: '', difficulty: 0 };
    const needs = (steps: number, results: readonly ExecutionResult[]) => ({
      ...trajectory(results, answer, 'end'),
      problem: { ...problem, steps: new Array<typeof step>(steps).fill(step) },
    });
    expect(interactionMetrics([needs(1, [ok]), needs(3, [ok])])).toMatchObject({
      'tool_use/calls_per_required_step': 0.5,
      'problem/required_steps': 2,
    });
    expect(interactionMetrics([needs(0, [])])).not.toHaveProperty(['tool_use/calls_per_required_step']);
  });

  it('has a histogram of its calls', () => {
    const batch = [trajectory([ok, ok], answer, 'end'), trajectory([], answer, 'end')];
    expect(callHistogram(batch)).toEqual([1, 0, 1]);
    expect(callHistogram([])).toEqual([0]);
  });
});

it('a clustered error is that of the means of the clusters', () => {
  expect(clusteredError([0, 1, 0, 1])).toBeCloseTo(Math.sqrt(1 / 3 / 4));
  expect(clusteredError([0.5, 0.5, 0.5])).toBe(0);
  expect(clusteredError([0.5])).toBeNull();
});

it('an accuracy of all or nothing is not certain', () => {
  expect(shareError(0.25, 12)).toBeCloseTo(Math.sqrt((0.25 * 0.75) / 12));
  // 2 of 10, where 0 of 6 were right.
  expect(shareError(0, 6)).toBeCloseTo(Math.sqrt((0.2 * 0.8) / 10));
  expect(shareError(1, 6)).toBeCloseTo(shareError(0, 6));
  expect(accuracyError([0, 0, 0, 0, 0, 0])).toBe(shareError(0, 6));
  expect(accuracyError([1, 1])).toBe(shareError(1, 2));
  expect(accuracyError([0, 0.5, 0, 1])).toBe(clusteredError([0, 0.5, 0, 1]));
  expect(accuracyError([0])).toBeNull();
});

it('a quantile lies between order statistics', () => {
  expect(quantile([1, 2, 3, 10], 0.5)).toBe(2.5);
  expect(quantile([1, 2, 3, 10], 1)).toBe(10);
  expect(quantile([4], 0.9)).toBe(4);
});
