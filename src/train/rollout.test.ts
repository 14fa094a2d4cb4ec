import { describe, expect, it } from 'vitest';
import { countToolCalls } from '../tasks/calls.ts';
import type { Problem } from '../tasks/problem.ts';
import { promptTokens } from '../tasks/transcript.ts';
import { decodeTokens, encodeText, tokenIds } from '../tasks/vocabulary.ts';
import { rollOut, type RolloutPlan } from './rollout.ts';
import { ArithmeticSandbox } from './testing/arithmeticSandbox.ts';
import { ScriptedEngine } from './testing/scriptedEngine.ts';
import { drain } from './ticks.ts';

const problem: Problem = {
  id: 'chain/test/1',
  family: 'chain',
  question: '7 a*2 b+1 ',
  start: '7',
  steps: [],
  answer: '15',
};

const call = (code: string) => [tokenIds.toolCall, ...encodeText(code), tokenIds.toolCallEnd];
const answer = (text: string) => [tokenIds.thinkEnd, ...encodeText(text), tokenIds.imEnd];

async function roll(turns: readonly (readonly number[])[], plan: Partial<RolloutPlan> = {}) {
  const sandbox = new ArithmeticSandbox();
  const trajectories = await drain(
    rollOut(new ScriptedEngine(() => turns), sandbox, 100, {
      problems: [problem],
      sampling: { temperature: 1, topP: 1 },
      seed: 1,
      context: 200,
      callBudget: 50,
      maxOutputLength: 8,
      ...plan,
    }),
  );
  const trajectory = trajectories[0];
  if (trajectory === undefined) throw new Error('no trajectory');
  return { trajectory, sandbox };
}

describe('Python', () => {
  /** Four sequences of which the first calls in its first chunk, or all do; what happened, in order. */
  async function order(callers: number): Promise<string[]> {
    const happened: string[] = [];
    const engine = new ScriptedEngine((id) =>
      id < callers ? [call('7*2'), answer('15')] : [[...encodeText('b'.repeat(60))], answer('15')],
    );
    const start = engine.startRollout.bind(engine);
    engine.startRollout = (options) => {
      const session = start(options);
      const advance = session.advance.bind(session);
      session.advance = async (maxTokens) => {
        happened.push('advance');
        return await advance(maxTokens ?? 8);
      };
      const force = session.force.bind(session);
      session.force = (id, tokens) => {
        happened.push('answered');
        force(id, tokens);
      };
      return session;
    };
    const sandbox = new ArithmeticSandbox();
    const run = sandbox.run.bind(sandbox);
    sandbox.run = async (cells) => {
      happened.push('called');
      return await run(cells);
    };
    await drain(
      rollOut(engine, sandbox, 0, {
        problems: [problem, problem, problem, problem],
        sampling: { temperature: 1, topP: 1 },
        seed: 1,
        context: 200,
        callBudget: 50,
        maxOutputLength: 8,
      }),
    );
    return happened.slice(0, happened.lastIndexOf('answered') + 1);
  }

  it('runs beside the next chunk while other sequences move on', async () => {
    expect(await order(1)).toEqual(['advance', 'called', 'advance', 'answered']);
  });

  it('is waited for where most sequences wait for it', async () => {
    expect(await order(4)).toEqual(['advance', 'called', 'answered', 'answered', 'answered', 'answered']);
  });
});

describe('rollouts', () => {
  it('runs calls and forces their output back, outside the loss', async () => {
    const { trajectory, sandbox } = await roll([
      [...encodeText('a'), ...call('7*2')],
      [...encodeText('b'), ...call('14+1')],
      answer('15'),
    ]);
    expect(decodeTokens(trajectory.tokens)).toBe(
      '<|im_start|>7 a*2 b+1 <think>a<tool_call>7*2</tool_call><tool_response>14</tool_response>' +
        'b<tool_call>14+1</tool_call><tool_response>15</tool_response></think>15<|im_end|>',
    );
    const sampled = trajectory.tokens.filter((_, i) => trajectory.lossMask[i] === 1);
    expect(decodeTokens(sampled)).toBe(
      'a<tool_call>7*2</tool_call>b<tool_call>14+1</tool_call></think>15<|im_end|>',
    );
    expect(trajectory.stop).toBe('end');
    expect(sandbox.released).toEqual([100]);
    const spans = trajectory.calls.map(({ start, end }) => decodeTokens(trajectory.tokens.slice(start, end)));
    expect(spans[0]).toBe('<tool_call>7*2</tool_call><tool_response>14</tool_response>');
    expect(countToolCalls(trajectory.tokens, trajectory.lossMask)).toBe(2);
  });

  it('cuts a trajectory that asks for a call beyond its budget, without running it', async () => {
    const { trajectory, sandbox } = await roll([call('1+1'), call('2+2'), answer('4')], { callBudget: 1 });
    expect(trajectory.stop).toBe('budget');
    expect(trajectory.calls).toHaveLength(1);
    expect(sandbox.batches.flat()).toHaveLength(1);
  });

  it('ends a trajectory whose context has no room for the response, which is left out whole', async () => {
    const called = promptTokens(problem).length + call('7*2').length;
    const { trajectory } = await roll([call('7*2'), answer('14')], { context: called + 2 });
    expect(trajectory.stop).toBe('context');
    expect(trajectory.tokens).toHaveLength(called);
    expect(trajectory.tokens.at(-1)).toBe(tokenIds.toolCallEnd);
    expect(trajectory.calls[0]?.end).toBe(called);
  });

  it('answers a closer that nothing opened with an error, and counts no call', async () => {
    const { trajectory, sandbox } = await roll([[tokenIds.toolCallEnd], answer('1')]);
    expect(trajectory.calls).toHaveLength(0);
    expect(sandbox.batches).toHaveLength(0);
    expect(decodeTokens(trajectory.tokens)).toContain('<tool_response>E</tool_response>');
  });

  it('shows the policy an error as E and keeps the message in the log', async () => {
    const { trajectory } = await roll([call('7//0'), answer('1')]);
    expect(trajectory.calls[0]?.result).toMatchObject({ kind: 'error' });
    expect(decodeTokens(trajectory.tokens)).toContain('<tool_response>E</tool_response>');
  });

  it('sends all calls of a chunk as one batch', async () => {
    const sandbox = new ArithmeticSandbox();
    const problems = [problem, problem, problem];
    await drain(
      rollOut(new ScriptedEngine((id) => [call(`${id}+1`), answer('1')]), sandbox, 7, {
        problems,
        sampling: { temperature: 1, topP: 1 },
        seed: 1,
        context: 200,
        callBudget: 50,
        maxOutputLength: 8,
      }),
    );
    expect(sandbox.batches).toHaveLength(1);
    expect(sandbox.batches[0]?.map(({ trajectory, code }) => `${trajectory}:${code}`)).toEqual([
      '7:0+1',
      '8:1+1',
      '9:2+1',
    ]);
  });
});
