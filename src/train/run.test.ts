/**
 * The recipe's logic on a scripted policy: phases, masks, rewards, filter, events. What a real engine adds is tested with
 * the engines, and in the browser.
 */
import { describe, expect, it } from 'vitest';
import { encodeText, tokenIds } from '../tasks/vocabulary.ts';
import type { PhaseName, RunEvent } from './events.ts';
import { phaseNames } from './events.ts';
import { runRecipe } from './run.ts';
import { defaultSettings, type RunSettings } from './settings.ts';
import { ArithmeticSandbox } from './testing/arithmeticSandbox.ts';
import { ScriptedEngine, scriptedLogProb, snapshotLogProb } from './testing/scriptedEngine.ts';
import { drain } from './ticks.ts';

const settings: RunSettings = {
  ...defaultSettings,
  task: { ...defaultSettings.task, trainProblems: 12 },
  teacher: { ...defaultSettings.teacher, trajectories: 40, slipRate: 0.5, badCallRate: 0.2 },
  sft: { ...defaultSettings.sft, epochs: 1, batchSize: 4, probes: 2 },
  grpo: { ...defaultSettings.grpo, groupSize: 4, promptsPerStep: 6 },
  stage1: { ...defaultSettings.stage1, steps: 3 },
  stage2: { ...defaultSettings.stage2, steps: 2 },
  evaluation: { ...defaultSettings.evaluation, problems: 3, samples: 2 },
};

/** Reads the question, solves it, and answers: always right when `id` is even, always "0" when odd. */
function halfRight(id: number, prompt: readonly number[]): number[][] {
  const call = [tokenIds.toolCall, ...encodeText('1+1'), tokenIds.toolCallEnd];
  const text = id % 2 === 0 ? solve(prompt) : '0';
  return [call, [tokenIds.thinkEnd, ...encodeText(text), tokenIds.imEnd]];
}

function solve(prompt: readonly number[]): string {
  const question = prompt.slice(1, -1);
  const words = new TextDecoder()
    .decode(Uint8Array.from(question, (token) => characterCode(token)))
    .trim()
    .split(' ');
  let value = Number(words[0]);
  for (const word of words.slice(1)) {
    const [, operation, operand] = /^[a-z](\/\/|[-+*%])(\d+)$/.exec(word) ?? [];
    const right = Number(operand);
    if (operation === '+') value += right;
    else if (operation === '-') value -= right;
    else if (operation === '*') value *= right;
    else if (operation === '//') value = Math.floor(value / right);
    else value %= right;
  }
  return String(value);
}

function characterCode(token: number): number {
  const all = '0123456789+-*/%= abcdefghijklmnopqrstuvwxyz';
  const character = [...all].find((candidate) => encodeText(candidate)[0] === token);
  if (character === undefined) throw new Error(`unexpected token ${token}`);
  return character.charCodeAt(0);
}

async function record(engine: ScriptedEngine, overrides: Partial<RunSettings> = {}) {
  const events: RunEvent[] = [];
  const sandbox = new ArithmeticSandbox();
  await drain(
    runRecipe({
      engine,
      sandbox,
      settings: { ...settings, ...overrides },
    }),
    (tick) => events.push(...tick.events),
  );
  return { events, sandbox };
}

const ofType = <T extends RunEvent['type']>(events: readonly RunEvent[], type: T) =>
  events.filter((event): event is Extract<RunEvent, { type: T }> => event.type === type);

describe('the recipe', () => {
  it('goes through its phases in order and ends', async () => {
    const { events } = await record(new ScriptedEngine(halfRight));
    const phases: PhaseName[] = ofType(events, 'phase').map((event) => event.phase);
    expect(phases).toEqual([...phaseNames]);
    expect(events.at(-1)).toEqual({ type: 'done' });
    expect(ofType(events, 'round').map((event) => event.phase)).toEqual([
      'sft',
      'sft',
      'stage1',
      'stage1',
      'stage1',
      'stage2',
      'stage2',
    ]);
    expect(ofType(events, 'round').map((event) => event.round)).toEqual([1, 2, 3, 4, 5, 6, 7]);
  });

  it('curates by what really happened: slips and failed calls are dropped', async () => {
    const { events } = await record(new ScriptedEngine(halfRight));
    const report = ofType(events, 'curation')[0]?.report;
    expect(report?.dropped.failedCall).toBeGreaterThan(0);
    expect(report?.kept).toBeGreaterThan(0);
    const dropped = Object.values(report?.dropped ?? {}).reduce((sum, count) => sum + count, 0);
    expect(dropped + (report?.kept ?? 0)).toBe(40);
  });

  it('takes the advantage from the shaped reward, and reports the outcome', async () => {
    // Everyone answers wrongly; even samples call, odd ones do not.
    const engine = new ScriptedEngine((id) => {
      const call = [tokenIds.toolCall, ...encodeText('1+1'), tokenIds.toolCallEnd];
      const answer = [tokenIds.thinkEnd, ...encodeText('x'), tokenIds.imEnd];
      return id % 2 === 0 ? [call, answer] : [answer];
    });
    const plain = await record(engine);
    const dead = (events: readonly RunEvent[]) =>
      ofType(events, 'round').flatMap(({ values }) => values.frac_reward_zero_std ?? []);
    expect(dead(plain.events)).toEqual([1, 1, 1, 1, 1]);
    engine.steps.length = 0;
    const { events } = await record(engine, { grpo: { ...settings.grpo, callBonus: 0.1 } });
    expect(dead(events)).toEqual([0, 0, 0, 0, 0]);
    const scores = ofType(events, 'round').map(({ values }) => values['critic/score/mean']);
    expect(new Set(scores)).toEqual(new Set([0]));
    const learned = engine.steps.flatMap(({ batch }) => (batch.kind === 'grpo' ? batch.sequences : []));
    for (const { tokens, advantage } of learned) {
      expect(Math.sign(advantage)).toBe(tokens.includes(tokenIds.toolCall) ? 1 : -1);
    }
  });

  it('leaves void turns out of the update when asked to, and only those', async () => {
    const context = 112;
    const rambling = new Array<number>(300).fill(tokenIds.think);
    const unanswered = [...encodeText('a'), tokenIds.imEnd];
    // A call that ends with the last token of the context: it has called, though its response does not fit.
    const lastCall = (prompt: readonly number[]) => [
      ...new Array<number>(context - prompt.length - 5).fill(encodeText('a')[0]!),
      ...[tokenIds.toolCall, ...encodeText('1+1'), tokenIds.toolCallEnd],
    ];
    const engine = new ScriptedEngine((id, prompt) =>
      id % 8 === 1
        ? [rambling]
        : id % 8 === 3
          ? [unanswered]
          : id % 8 === 5
            ? [lastCall(prompt)]
            : halfRight(id, prompt),
    );
    const { events } = await record(engine, {
      grpo: { ...settings.grpo, voidTurnFilter: true },
      stage1: { ...settings.stage1, context },
      stage2: { ...settings.stage2, context },
    });
    const rounds = ofType(events, 'round');
    expect(rounds.map(({ values }) => values['tool_use/void_turn_ratio'])).toEqual(rounds.map(() => 0.25));
    for (const { values } of rounds) expect(values['response_length/clip_ratio']).toBe(0.25);
    const called = (tokens: Int32Array) => tokens.includes(tokenIds.toolCall);
    const answered = (tokens: Int32Array) => tokens.includes(tokenIds.thinkEnd);
    let callers = 0;
    for (const { batch } of engine.steps) {
      if (batch.kind !== 'grpo') continue;
      for (const { tokens, lossMask } of batch.sequences) {
        expect(lossMask.includes(1)).toBe(called(tokens) || answered(tokens));
        if (!answered(tokens) && called(tokens)) callers++;
      }
    }
    expect(callers).toBe(5 * 24 * (1 / 8));
    // Where everything is void there is no step at all.
    const silent = new ScriptedEngine(() => [rambling]);
    const nothing = await record(silent, { grpo: { ...settings.grpo, voidTurnFilter: true } });
    expect(silent.steps.every(({ batch }) => batch.kind === 'sft')).toBe(true);
    expect(nothing.events.at(-1)).toEqual({ type: 'done' });
  });

  it('learns only from what the policy wrote, with advantages of its own group', async () => {
    const engine = new ScriptedEngine(halfRight);
    await record(engine);
    const grpo = engine.steps.flatMap(({ batch }) => (batch.kind === 'grpo' ? [batch] : []));
    // 5 steps of 6 prompts in 2 mini-batches of 3 prompts times 4 samples.
    expect(grpo.map((batch) => batch.sequences.length)).toEqual(new Array(10).fill(12));
    for (const { sequences } of grpo) {
      for (const { tokens, lossMask, advantage, oldLogProbs, samplerLogProbs } of sequences) {
        expect(Math.abs(advantage)).toBeCloseTo(Math.sqrt(3) / 2, 4); // two of four right
        const response = tokens.indexOf(tokenIds.toolResponse);
        expect(lossMask[response]).toBe(0);
        expect(lossMask[tokens.indexOf(tokenIds.think)]).toBe(0);
        expect(lossMask[tokens.length - 1]).toBe(1);
        expect(oldLogProbs[tokens.length - 1]).toBe(scriptedLogProb);
        expect(samplerLogProbs[tokens.length - 1]).toBe(scriptedLogProb);
      }
    }
    const first = grpo[0];
    expect(first?.objective).toMatchObject({
      clipLow: 0.2,
      clipHigh: 0.28,
      dualClip: 10,
      tisCap: 2,
      klCoefficient: 0,
    });
  });

  it('says of the rollouts kept to be read how likely they are after the updates, and what the loss was a mean over', async () => {
    const engine = new ScriptedEngine(halfRight);
    const { events } = await record(engine);
    const rounds = ofType(events, 'trajectories').filter(({ phase }) => phase.startsWith('stage'));
    expect(rounds).toHaveLength(5);
    const losses = engine.steps.flatMap(({ batch }) => {
      if (batch.kind !== 'grpo') return [];
      const tokens = batch.sequences.reduce((sum, { lossMask }) => sum + lossMask.filter(Boolean).length, 0);
      return [{ lossTokens: tokens, lossWeight: expect.closeTo((tokens * Math.sqrt(3)) / 2, 1) as number }];
    });
    rounds.forEach(({ trajectories }, r) => {
      expect(trajectories).toHaveLength(24); // all of them are few enough to be read
      trajectories.forEach(({ update, lossMask }, i) => {
        expect(update).toMatchObject(losses[2 * r + (i < 12 ? 0 : 1)] ?? {});
        expect(update?.logProbsNow).toEqual(
          Float32Array.from(lossMask, (mask) => (mask === 1 ? scriptedLogProb : 0)),
        );
      });
    });
    const looks = ofType(events, 'trajectories').filter(({ phase }) => phase === 'sft');
    for (const { trajectories } of looks)
      for (const { update } of trajectories) expect(update).toBeUndefined();
  });

  it('splits a rollout batch evenly into as many optimizer steps as there are mini-batches', async () => {
    const engine = new ScriptedEngine(halfRight);
    await record(engine, {
      grpo: { ...settings.grpo, promptsPerStep: 5, miniBatches: 4 },
      stage1: { ...settings.stage1, steps: 1 },
      stage2: { ...settings.stage2, steps: 0 },
    });
    const sizes = engine.steps.flatMap(({ batch }) =>
      batch.kind === 'grpo' ? [batch.sequences.length] : [],
    );
    expect(sizes).toEqual([8, 4, 4, 4]); // 2, 1, 1 and 1 prompts of 4 samples
  });

  it('reports rewards, dead groups and densities as they were', async () => {
    const { events } = await record(new ScriptedEngine(halfRight));
    const values = ofType(events, 'round').find((event) => event.phase === 'stage1')?.values ?? {};
    expect(values['critic/score/mean']).toBe(0.5);
    expect(values['frac_reward_zero_std']).toBe(0);
    expect(values['tool_use/avg_tool_calls_per_trajectory']).toBe(1);
    expect(values['tool_use/execution_success_ratio']).toBe(1);
    expect(values['actor/entropy']).toBe(0.25);
    expect(values['rollout_probs_diff_max']).toBe(0);
  });

  it('drops exactly the prompts whose every sample was right, and refills', async () => {
    // The parity of the prompt's first digit decides, so that some prompts are always solved and others never.
    const byPrompt = (_: number, prompt: readonly number[]) => [
      [tokenIds.thinkEnd, ...encodeText((prompt[2] ?? 0) % 2 === 0 ? solve(prompt) : '0'), tokenIds.imEnd],
    ];
    const { events } = await record(new ScriptedEngine(byPrompt));
    const report = ofType(events, 'promptFilter')[0]?.report;
    const solved = report?.solvedHistogram.at(-1) ?? -1;
    expect(report?.visited).toBe(12);
    expect(report?.dropped).toBe(solved);
    expect(solved).toBeGreaterThan(0);
    expect(solved).toBeLessThan(12);
    const rounds = ofType(events, 'round').filter((event) => event.phase === 'stage1');
    expect(rounds[0]?.values.frac_reward_zero_std).toBe(1);

    // Both stages draw 12 prompts without replacement: each shows its whole pool.
    const shown = (phase: PhaseName) =>
      ofType(events, 'trajectories').flatMap((event) => (event.phase === phase ? event.trajectories : []));
    const [before, after] = [shown('stage1'), shown('stage2')];
    const ids = (trajectories: typeof before) => [...new Set(trajectories.map(({ problem }) => problem.id))];
    const alwaysSolved = ids(before.filter(({ reward }) => reward === 1)); // every sample fares alike here
    expect(alwaysSolved).toHaveLength(solved);
    expect(ids(after).filter((id) => alwaysSolved.includes(id))).toEqual([]);
    expect(ids(after)).toHaveLength(12);
    const joined = ids(after).filter((id) => !ids(before).includes(id));
    expect(joined).toHaveLength((report?.added ?? NaN) + (report?.filled ?? NaN));
    expect(report?.added).toBe(6); // half of the pool, as `stage2.longShare` has it
    expect(report?.filled).toBeGreaterThan(0);
  });

  it('measures the KL penalty from the policy that the cold start left, and lets go of it in the end', async () => {
    const engine = new ScriptedEngine(halfRight);
    const { events } = await record(engine, { grpo: { ...settings.grpo, klCoefficient: 0.1 } });
    const references = engine.steps.flatMap(({ batch }) =>
      batch.kind === 'grpo' ? [batch.referenceLogProbs] : [],
    );
    expect(references).toHaveLength(10);
    for (const rows of references) {
      expect(rows).toHaveLength(12);
      for (const row of rows ?? []) expect(row.every((x) => x === snapshotLogProb)).toBe(true);
    }
    expect(engine.liveSnapshots).toBe(0);
    for (const { phase, values } of ofType(events, 'round'))
      expect('actor/kl_loss' in values).toBe(phase !== 'sft');
  });

  it('evaluates three benchmarks under two budgets, before and after, on the same problems', async () => {
    const { events } = await record(new ScriptedEngine(halfRight));
    const results = ofType(events, 'benchmark').map((event) => event.result);
    expect(results).toHaveLength(12);
    for (const result of results)
      expect(result).toMatchObject({ k: 2, problems: 3, meanAtK: 0.5, passAtK: 1 });
  });

  it('says so when curation keeps nothing', async () => {
    const curation = { ...settings.curation, denseMin: 50 };
    await expect(record(new ScriptedEngine(halfRight), { curation })).rejects.toThrow(
      /Curation kept no trajectory/,
    );
  });

  it('is the same stream of events for the same seed, and another for another', async () => {
    const first = await record(new ScriptedEngine(halfRight));
    const again = await record(new ScriptedEngine(halfRight));
    const other = await record(new ScriptedEngine(halfRight), { run: { ...settings.run, seed: 2 } });
    expect(again.events).toEqual(first.events);
    expect(other.events).not.toEqual(first.events);
  });
});
