import { describe, expect, it } from 'vitest';
import { trainProblem } from '../tasks/problems.ts';
import { encodeText, tokenIds } from '../tasks/vocabulary.ts';
import { filterPrompts } from './promptFilter.ts';
import { runRecipe } from './run.ts';
import { defaultSettings, type RunSettings } from './settings.ts';
import { ArithmeticSandbox } from './testing/arithmeticSandbox.ts';
import { ScriptedEngine } from './testing/scriptedEngine.ts';
import { drain } from './ticks.ts';

/** Stage 1 has 4 to 6 steps, stage 2 has 5 to 8. */
const settings: RunSettings = {
  ...defaultSettings,
  task: { ...defaultSettings.task, trainProblems: 40 },
};
const { groupSize } = settings.grpo;
const prompts = Array.from({ length: 40 }, (_, i) =>
  trainProblem(settings.task, { min: 4, max: 6 }, 'stage-1', 1, i),
);
const solvedAlways = (count: number) => new Map(prompts.slice(0, count).map(({ id }) => [id, groupSize]));
const lengthsOf = (pool: readonly { readonly steps: readonly unknown[] }[]) =>
  pool.map(({ steps }) => steps.length);

describe('stage 2’s prompts', () => {
  it.each([0, 0.25, 0.5, 1])('have the share %d of longer ones, however many were dropped', (longShare) => {
    const wanted = { ...settings, stage2: { ...settings.stage2, longShare } };
    for (const dropped of [0, 13, 40]) {
      const { prompts: pool, report } = filterPrompts(wanted, prompts, solvedAlways(dropped));
      expect(pool).toHaveLength(40);
      expect(lengthsOf(pool).filter((length) => length > 6)).toHaveLength(40 * longShare);
      expect(Math.min(...lengthsOf(pool))).toBeGreaterThanOrEqual(5);
      expect(report).toMatchObject({ prompts: 40, visited: dropped, dropped, added: 40 * longShare });
    }
  });

  it('are the same longer ones whatever stage 1 solved', () => {
    const longer = (dropped: number) =>
      filterPrompts(settings, prompts, solvedAlways(dropped)).prompts.filter(({ steps }) => steps.length > 6);
    expect(longer(40)).toEqual(longer(0));
  });

  it('drop what was always solved and nothing else; what was never visited stays', () => {
    const solved = new Map(prompts.slice(0, 30).map(({ id }, i) => [id, i < 20 ? groupSize : groupSize - 1]));
    const all = { ...settings, stage2: { ...settings.stage2, minLength: 4, longShare: 0 } };
    const { prompts: pool, report } = filterPrompts(all, prompts, solved);
    expect(pool.slice(0, 20)).toEqual(prompts.slice(20));
    expect(report).toEqual({
      ...{ prompts: 40, visited: 30, dropped: 20, otherLength: 0, spare: 0, added: 0, filled: 20 },
      solvedHistogram: [0, 0, 0, 0, 0, 0, 0, 10, 20],
    });
    // What fills up is new.
    const known = new Set(prompts.map(({ id }) => id));
    expect(pool.slice(20).filter(({ id }) => known.has(id))).toEqual([]);
  });

  it('are accounted for: every prompt of stage 1 is dropped, of another length, spare, or goes on', () => {
    const short = lengthsOf(prompts).filter((length) => length < 5).length;
    expect(short).toBeGreaterThan(0);
    const { prompts: pool, report } = filterPrompts(settings, prompts, new Map());
    expect(report).toMatchObject({ otherLength: short, spare: 40 - short - 20, added: 20, filled: 0 });
    const goOn = pool.filter((prompt) => prompts.includes(prompt)).length;
    expect(report.dropped + (report.otherLength ?? NaN) + (report.spare ?? NaN) + goOn).toBe(40);
  });

  it('are as long in an arm that solves everything as in one that solves nothing', async () => {
    const lengths = async (answer: (prompt: readonly number[]) => string) => {
      const engine = new ScriptedEngine((_, prompt) => [
        [tokenIds.thinkEnd, ...encodeText(answer(prompt)), tokenIds.imEnd],
      ]);
      const found: number[] = [];
      await drain(
        runRecipe({
          engine,
          sandbox: new ArithmeticSandbox(),
          settings: {
            ...settings,
            task: { ...settings.task, trainProblems: 12, operations: '+-' },
            teacher: { ...settings.teacher, trajectories: 20 },
            sft: { ...settings.sft, epochs: 0 },
            // Every prompt once in each stage.
            grpo: { ...settings.grpo, groupSize: 2, promptsPerStep: 12 },
            stage1: { ...settings.stage1, steps: 1 },
            stage2: { ...settings.stage2, steps: 1 },
            evaluation: { ...settings.evaluation, problems: 1, samples: 1, afterColdStart: false },
          },
        }),
        ({ events }) => {
          for (const event of events)
            if (event.type === 'trajectories' && event.phase === 'stage2')
              found.push(...lengthsOf(event.trajectories.map(({ problem }) => problem)));
        },
      );
      return found.filter((length) => length > 6).length / found.length;
    };
    expect(await lengths(sum)).toBe(0.5);
    expect(await lengths(() => 'x')).toBe(0.5);
  });
});

/** The answer to a question of sums and differences. */
function sum(prompt: readonly number[]): string {
  const digits = new Map([...'0123456789+- '].map((character) => [encodeText(character)[0], character]));
  const text = prompt.map((token) => digits.get(token) ?? '').join('');
  return String(
    text
      .trim()
      .split(' ')
      .reduce((value, part) => value + Number(part), 0),
  );
}
