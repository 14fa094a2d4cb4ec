/** The scripted teacher: densities, lengths, accidents, and trajectories whose tokens, mask and log agree. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../random/random.ts';
import { runArithmetic } from './testing/arithmetic.ts';
import { countToolCalls, parseToolCalls, postHocCalls } from './calls.ts';
import {
  denseTrajectoryTokens,
  familyNames,
  longestPromptTokens,
  problemFamily,
  thoughtTrajectoryTokens,
} from './families.ts';
import { chainTask, faultless, hornerTask, microTask, recurrenceTask, teach } from './testing/teacher.ts';
import {
  parseShares,
  planCode,
  planTrajectory,
  teacherStyle,
  teacherStyles,
  type TeacherSettings,
} from './teacher.ts';
import { promptTokens, transcribePlan } from './transcript.ts';
import { reward } from './verifier.ts';
import { decodeTokens, encodeText, tokenIds } from './vocabulary.ts';

const only = (style: string, more: Partial<TeacherSettings> = {}): TeacherSettings => ({
  ...faultless,
  denseWeight: Number(style === 'dense'),
  sparseWeight: Number(style === 'sparse'),
  naturalWeight: Number(style === 'natural'),
  selectiveWeight: Number(style === 'selective'),
  ...more,
});

const rates = fc.constantFrom(0, 0.1, 0.5, 1);

describe('teacher', () => {
  it('makes trajectories whose tokens, mask and sandbox log agree, accidents included', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(chainTask, recurrenceTask, hornerTask, microTask),
        fc.nat(1e6),
        rates,
        rates,
        fc.constantFrom('step' as const, 'answer' as const),
        (task, seed, slipRate, badCallRate, checkKind) => {
          for (const { plan, trajectory } of teach(
            task,
            { ...faultless, slipRate, badCallRate, checkKind },
            4,
            seed,
          )) {
            const { tokens, lossMask, calls } = trajectory;
            expect([lossMask.length, trajectory.logProbs.length]).toEqual([tokens.length, tokens.length]);
            const spans = parseToolCalls(tokens, lossMask);
            expect(spans.map(({ start, end, code }) => ({ start, end, code }))).toEqual(
              calls.map(({ start, end, code }) => ({ start, end, code })),
            );
            expect(countToolCalls(tokens)).toBe(calls.length);
            expect(calls.map((call) => call.result)).toEqual(planCode(plan).map(runArithmetic));
            // Exactly the prompt and the responses are out of the loss.
            const masked = new Set(promptTokens(plan.problem).keys());
            for (const span of spans) for (let i = span.codeEnd; i < span.end; i++) masked.add(i);
            expect([...lossMask.keys()].filter((i) => lossMask[i] === 0)).toEqual(
              [...masked].sort((a, b) => a - b),
            );
            expect(reward(plan.problem, tokens)).toBe(plan.answer === plan.problem.answer ? 1 : 0);
            if (plan.slips === 0) expect(plan.answer).toBe(plan.problem.answer);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('writes the two ways of taking a step to the letter', () => {
    const family = problemFamily(chainTask);
    const [first, second] = [family.work('37', '*2', 'a'), family.work('74', '-30', 'b')];
    const problem = {
      id: 'test',
      family: 'chain',
      question: '37 a*2 b-30 ',
      start: '37',
      steps: [first, second],
      answer: '44',
    };
    const text = (style: 'dense' | 'sparse', more: Partial<TeacherSettings> = {}) => {
      const plan = planTrajectory(problem, family, style, { ...faultless, ...more }, new Random(1));
      return decodeTokens(transcribePlan(plan, planCode(plan).map(runArithmetic)).tokens);
    };
    expect(text('dense')).toBe(
      '<|im_start|>37 a*2 b-30 <think>' +
        'a<tool_call>37*2</tool_call><tool_response>74</tool_response>' +
        'b<tool_call>74-30</tool_call><tool_response>44</tool_response></think>44<|im_end|>',
    );
    const thought = '<|im_start|>37 a*2 b-30 <think>a37*2=60+14=74 b74-30=40+4=44 ';
    expect(text('sparse', { checksMin: 2, checksMax: 2 })).toBe(
      thought +
        'b<tool_call>74-30</tool_call><tool_response>44</tool_response>' +
        'a<tool_call>37*2</tool_call><tool_response>74</tool_response></think>44<|im_end|>',
    );
    expect(text('sparse', { checksMin: 1, checksMax: 1, checkKind: 'answer' })).toBe(
      thought + '<tool_call>44</tool_call><tool_response>44</tool_response></think>44<|im_end|>',
    );
  });

  it('has the densities that its styles promise', () => {
    for (const { plan, trajectory } of teach(chainTask, faultless, 400)) {
      const steps = plan.problem.steps;
      const calls = trajectory.calls.length;
      switch (plan.style) {
        case 'dense':
          expect(calls).toBe(steps.length);
          break;
        case 'sparse':
          expect(calls).toBeLessThanOrEqual(3);
          break;
        case 'natural':
          expect(calls).toBeLessThanOrEqual(steps.length + 2);
          break;
        case 'selective':
          expect(calls).toBe(steps.filter((step) => step.difficulty >= 0.5).length);
          break;
      }
    }
    const mean = (style: string) => {
      const pool = teach(chainTask, only(style), 300);
      return pool.reduce((total, { trajectory }) => total + trajectory.calls.length, 0) / pool.length;
    };
    // Means of the prototype on lengths 4-8: 6, 1.5 and 3.0 calls.
    expect(mean('dense')).toBeCloseTo(6, 0);
    expect(mean('sparse')).toBeCloseTo(1.5, 0);
    expect(Math.abs(mean('natural') - 3.0)).toBeLessThan(0.4);
  });

  it('leaves a choice where the dense style takes only shares of the steps by tool', () => {
    const pool = teach(chainTask, only('dense', { denseShares: '0.6,0.9' }), 600);
    const byTool = pool.map(({ plan, trajectory }) => trajectory.calls.length / plan.problem.steps.length);
    expect(byTool.reduce((sum, share) => sum + share, 0) / pool.length).toBeCloseTo(0.75, 1);
    expect(new Set(byTool.map((share) => share === 1))).toEqual(new Set([true, false]));
    for (const { plan, trajectory } of pool) {
      expect(postHocCalls(trajectory)).toEqual(trajectory.calls.map(() => false));
      expect(plan.answer).toBe(plan.problem.answer);
    }
    expect(
      teach(chainTask, only('dense', { denseShares: '0' }), 20).flatMap((one) => one.trajectory.calls),
    ).toEqual([]);
    for (const list of ['', '0.5,', '1.2', 'many'])
      expect(() => parseShares(list)).toThrow(/no list of shares/);
  });

  it('thinks longer than it calls: about 11 tokens a step by tool, 14 or more in the head', () => {
    const perStep = (style: string) => {
      let produced = 0;
      let steps = 0;
      for (const { plan, trajectory } of teach(chainTask, only(style, { checksMax: 0 }), 300)) {
        produced += trajectory.tokens.length - promptTokens(plan.problem).length - 2 - plan.answer.length;
        steps += plan.problem.steps.length;
      }
      return produced / steps;
    };
    expect(Math.abs(perStep('dense') - 11)).toBeLessThan(0.5);
    expect(perStep('sparse')).toBeGreaterThan(14);
    const [label, step] = ['a', problemFamily(chainTask).work('37', '*2', 'a')];
    expect(encodeText(label + step.thought)).toHaveLength(15);
  });

  it('stays within the bounds that settings are checked against, slips included', () => {
    for (const task of [chainTask, recurrenceTask, hornerTask, microTask, { ...chainTask, valueMax: 120 }]) {
      for (const style of ['dense', 'sparse']) {
        let closest = 0;
        for (const { plan, trajectory } of teach(task, only(style, { slipRate: 0.3 }), 300)) {
          const length = plan.problem.steps.length;
          const bound =
            style === 'dense'
              ? denseTrajectoryTokens(task, length)
              : thoughtTrajectoryTokens(task, length, trajectory.calls.length);
          expect(trajectory.tokens.length).toBeLessThanOrEqual(bound);
          expect(promptTokens(plan.problem).length).toBeLessThanOrEqual(longestPromptTokens(task, length));
          closest = Math.max(closest, trajectory.tokens.length / bound);
        }
        expect(closest).toBeGreaterThan(0.8);
      }
    }
    expect(familyNames).toEqual(['chain', 'recurrence', 'horner']);
  });

  it('slips at the rate asked for, consistently, and almost always to a wrong answer', () => {
    const pool = teach(chainTask, only('sparse', { slipRate: 0.25 }), 300);
    const steps = pool.reduce((total, { plan }) => total + plan.problem.steps.length, 0);
    const slips = pool.reduce((total, { plan }) => total + plan.slips, 0);
    expect(slips / steps).toBeGreaterThan(0.18);
    expect(slips / steps).toBeLessThan(0.28);
    const slipped = pool.filter(({ plan }) => plan.slips === 1);
    const wrong = slipped.filter(({ plan }) => plan.answer !== plan.problem.answer);
    expect(wrong.length / slipped.length).toBeGreaterThan(0.9);
    for (const { plan } of wrong) {
      // The head's last value is the answer, and the first check is sent with the value that the head arrived at.
      const thought = plan.segments[0]?.kind === 'thought' ? plan.segments[0].text : '';
      const last = plan.problem.steps.at(-1);
      const values = [...thought.matchAll(/[a-z]([^a-z]*)/g)].flatMap(
        ([, text]) => /=(-?\d+) /.exec(text ?? '')?.[1] ?? [],
      );
      expect(values.at(-1)).toBe(plan.answer);
      const check = planCode(plan)[0];
      if (check !== undefined) expect(check).toBe(`${values.at(-2) ?? ''}${last?.operation ?? ''}`);
    }
  });

  it('repeats a failed call, so that the answer stays right and the log shows the failure', () => {
    const pool = teach(chainTask, only('dense', { badCallRate: 0.2 }), 200);
    let failed = 0;
    let good = 0;
    for (const { plan, trajectory } of pool) {
      expect(plan.answer).toBe(plan.problem.answer);
      trajectory.calls.forEach((call, i) => {
        if (call.result.kind === 'ok') good++;
        else {
          failed++;
          expect(trajectory.calls[i + 1]?.result.kind).toBe('ok');
          expect(decodeTokens(trajectory.tokens.slice(call.end - 3, call.end))).toBe(
            '<tool_response>E</tool_response>',
          );
        }
      });
    }
    expect(failed / good).toBeGreaterThan(0.15);
    expect(failed / good).toBeLessThan(0.25);
  });

  it('leaves styles, problems and checks alone when only an accident rate changes', () => {
    const calm = teach(chainTask, faultless, 60);
    const clumsy = teach(chainTask, { ...faultless, badCallRate: 0.5 }, 60);
    const right = (plan: (typeof calm)[number]['plan']) =>
      plan.segments.flatMap((segment) =>
        segment.kind === 'call' && segment.purpose !== 'bad' ? [segment.code] : [],
      );
    expect(clumsy.map(({ plan }) => [plan.style, plan.problem.id, right(plan)])).toEqual(
      calm.map(({ plan }) => [plan.style, plan.problem.id, right(plan)]),
    );
  });

  it('calls sparse checks post-hoc and calls of the dense style not', () => {
    for (const checkKind of ['step', 'answer'] as const)
      for (const { trajectory } of teach(chainTask, only('sparse', { checkKind }), 50))
        expect(postHocCalls(trajectory)).toEqual(trajectory.calls.map(() => true));
    for (const style of ['dense', 'selective'])
      for (const { trajectory } of teach(chainTask, only(style), 50))
        expect(postHocCalls(trajectory)).toEqual(trajectory.calls.map(() => false));
  });

  it('draws styles by their weights', () => {
    const random = new Random(3);
    const settings = { ...faultless, denseWeight: 3, sparseWeight: 1, naturalWeight: 0, selectiveWeight: 0 };
    const counts = new Map(teacherStyles.map((style) => [style, 0]));
    for (let i = 0; i < 2000; i++) {
      const style = teacherStyle(settings, random);
      counts.set(style, (counts.get(style) ?? 0) + 1);
    }
    expect(Math.abs((counts.get('dense') ?? 0) - 1500)).toBeLessThan(100);
    expect([counts.get('natural'), counts.get('selective')]).toEqual([0, 0]);
    expect(() => teacherStyle({ ...settings, denseWeight: 0, sparseWeight: 0 }, random)).toThrow(
      /weight above 0/,
    );
  });

  it('refuses results that do not match the plan', () => {
    const [taught] = teach(chainTask, only('dense'), 1);
    if (taught === undefined) throw new Error('teach() made nothing.');
    expect(() => transcribePlan(taught.plan, [])).toThrow(/there are 0 results/);
    expect(taught.trajectory.tokens[0]).toBe(tokenIds.imStart);
  });
});
