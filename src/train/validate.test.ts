import { describe, expect, it } from 'vitest';
import { denseTrajectoryTokens } from '../tasks/families.ts';
import { defaultSettings, runSettingsSchema, type RunSettings } from './settings.ts';
import { validateSettings } from './validate.ts';

type Changes = { readonly [Group in keyof RunSettings]?: Partial<RunSettings[Group]> };

function changed(changes: Changes): RunSettings {
  const merged = Object.entries(defaultSettings).map(([group, values]) => [
    group,
    { ...values, ...changes[group as keyof RunSettings] },
  ]);
  return Object.fromEntries(merged) as RunSettings;
}

const problemsOf = (changes: Changes) => validateSettings(changed(changes));
const pathsOf = (changes: Changes) => problemsOf(changes).map((problem) => problem.path);

describe('validateSettings', () => {
  it('has nothing against the defaults', () => {
    expect(validateSettings(defaultSettings)).toEqual([]);
  });

  it('wants shortest below longest, everywhere', () => {
    expect(problemsOf({ stage1: { minLength: 7 } })).toEqual([
      {
        path: 'stage1.maxLength',
        message: 'GRPO stage 1: the shortest problem has 7 steps, more than the longest, which has 6.',
      },
    ]);
    expect(pathsOf({ task: { coldStartMinLength: 9 }, stage2: { minLength: 9 } })).toEqual([
      'task.coldStartMaxLength',
      'stage2.maxLength',
    ]);
    expect(pathsOf({ teacher: { checksMin: 4 } })).toEqual(['teacher.checksMax']);
  });

  it('wants a style of the teacher with a weight', () => {
    expect(pathsOf({ teacher: { denseWeight: 0, sparseWeight: 0, naturalWeight: 0 } })).toEqual([
      'teacher.denseWeight',
    ]);
  });

  it('sees a bin that nothing can be in', () => {
    const dense = { denseWeight: 1, sparseWeight: 1, naturalWeight: 0 };
    expect(problemsOf({ curation: { denseMin: 9 }, teacher: dense })).toEqual([
      {
        path: 'curation.denseMin',
        message:
          'The dense bin takes 9 calls or more, but this teacher’s trajectories have 0 to 8: nothing would be left to learn from.',
      },
    ]);
    expect(pathsOf({ curation: { denseMin: 8 }, teacher: dense })).toEqual([]);
    // The natural style can add two checks to eight steps by tool.
    expect(pathsOf({ curation: { denseMin: 10 } })).toEqual([]);
    expect(pathsOf({ curation: { denseMin: 11 } })).toEqual(['curation.denseMin']);
    expect(pathsOf({ curation: { sparseMax: 3, denseMin: 4, bin: 'medium' } })).toEqual(['curation.bin']);
    expect(pathsOf({ curation: { bin: 'sparse' }, teacher: { ...dense, sparseWeight: 0 } })).toEqual([
      'curation.bin',
    ]);
    const noChecks = { denseWeight: 0, sparseWeight: 1, naturalWeight: 0, checksMax: 0 };
    expect(pathsOf({ curation: { bin: 'sparse' }, teacher: noChecks })).toEqual(['curation.bin']);
    expect(pathsOf({ curation: { bin: 'sparse', keepZero: true }, teacher: noChecks })).toEqual([]);
  });

  it('wants dense to begin above sparse', () => {
    expect(pathsOf({ curation: { sparseMax: 4 } })).toEqual(['curation.denseMin']);
  });

  it('wants every stage to have room for its longest problem, to the token', () => {
    const needed = denseTrajectoryTokens(defaultSettings.task, 6);
    expect(pathsOf({ stage1: { context: needed } })).toEqual([]);
    const [problem] = problemsOf({ stage1: { context: needed - 1 } });
    expect(problem?.path).toBe('stage1.context');
    expect(problem?.message).toContain(`need up to ${needed} tokens`);
    expect(pathsOf({ stage1: { context: needed - 1, steps: 0 } })).toEqual([]);
    expect(pathsOf({ stage2: { maxLength: 16 } })).toEqual(['stage2.context']);
  });

  it('wants a share of longer prompts that stage 2’s lengths can give', () => {
    // Stage 1 has 4 to 6 steps.
    const path = 'stage2.longShare';
    expect(problemsOf({ stage2: { maxLength: 6 } })).toEqual([
      {
        path,
        message:
          'GRPO stage 2: a share of 0.5 of its prompts is to be longer than stage 1’s, but its longest problem has 6 steps and stage 1’s 6; set the share to 0, or stage 2’s longest problem above 6.',
      },
    ]);
    expect(pathsOf({ stage2: { maxLength: 6, longShare: 0 } })).toEqual([]);
    expect(pathsOf({ stage2: { maxLength: 6, steps: 0 } })).toEqual([]);
    expect(problemsOf({ stage2: { minLength: 7 } })).toEqual([
      {
        path,
        message:
          'GRPO stage 2: a share of 0.5 of its prompts is to be longer than stage 1’s, but all of them are, as its shortest problem has 7 steps and stage 1’s longest 6; set the share to 1, or stage 2’s shortest problem to 6 or less.',
      },
    ]);
    expect(pathsOf({ stage2: { minLength: 7, longShare: 1 } })).toEqual([]);
  });

  it('wants every inference budget to have room for a question and an answer', () => {
    expect(pathsOf({ evaluation: { shortContext: 24 } })).toEqual(['evaluation.shortContext']);
    expect(pathsOf({ evaluation: { longContext: 40, shortContext: 40 } })).toEqual([
      'evaluation.shortContext',
      'evaluation.longContext',
    ]);
  });

  it('passes on what the family objects to', () => {
    expect(pathsOf({ task: { operations: '+' } })).toEqual(['task.operations']);
    expect(pathsOf({ task: { operations: '+', coldStartMinLength: 9 } })).toEqual([
      'task.coldStartMaxLength',
      'task.operations',
    ]);
    expect(pathsOf({ task: { valueMax: 8 } })).toEqual(['task.valueMax']);
  });

  it('wants a base and a policy of the same size', () => {
    expect(pathsOf({ policy: { preset: 'mini', base: 'mini' } })).toEqual([]);
    expect(pathsOf({ policy: { preset: 'nano', base: 'mini' } })).toEqual(['policy.base']);
    const [problem] = validateSettings(
      runSettingsSchema.parse({ policy: { preset: 'mini', base: 'nano-mixed' } }),
    );
    expect(problem?.message).toBe(
      'The base “nano-mixed” is a policy of size nano, not mini; choose that size, or another base.',
    );
  });

  it('knows that a dense style with a choice may make fewer calls than steps', () => {
    const long = {
      task: { coldStartMinLength: 8, coldStartMaxLength: 8 },
      teacher: { sparseWeight: 0, naturalWeight: 0 },
    };
    const rare = { curation: { bin: 'sparse', keepZero: true, sparseMax: 2, denseMin: 4 } } as const;
    expect(pathsOf({ ...long, ...rare })).toEqual(['curation.bin']);
    expect(pathsOf({ ...long, ...rare, teacher: { ...long.teacher, denseShares: '0.2,1' } })).toEqual([]);
  });

  it('sees output that would be cut, and mini-batches without a prompt', () => {
    expect(pathsOf({ sandbox: { maxOutputLength: 1 } })).toEqual(['sandbox.maxOutputLength']);
    expect(pathsOf({ grpo: { promptsPerStep: 1 } })).toEqual(['grpo.miniBatches']);
  });
});
