import { describe, expect, it } from 'vitest';
import { UsageError } from './options.ts';
import { parseStudyOptions, type StudyOptions } from './studyOptions.ts';

function parse(...words: string[]): StudyOptions {
  const options = parseStudyOptions(words);
  if (options === 'help') throw new Error('help was not asked for');
  return options;
}

describe('the study command’s options', () => {
  it('are every variant with the experiment’s own seeds, one run at a time, on its own preset', () => {
    const { experiment, preset, jobs, atOnce, out, cells, onlyTable } = parse('choice');
    expect([experiment.name, preset.name, atOnce, out, cells, onlyTable]).toEqual([
      ...['choice', 'nano', 1, 'runs/choice-nano', 'src/study/cells/choice-nano', false],
    ]);
    expect(jobs.map(({ variant, seed }) => `${variant.name}-${seed}`).slice(0, 3)).toEqual([
      ...['dense-1', 'sparse-1', 'dense-2'],
    ]);
    expect(jobs).toHaveLength(10);
    expect(jobs[1]?.settings).toMatchObject({
      run: { seed: 1 },
      curation: { bin: 'sparse' },
      evaluation: { problems: 200, alsoAsTrained: true },
    });
  });

  it('take preset, variants, seeds, runs at a time, settings and a folder', () => {
    const words = [
      'choice',
      '--preset',
      'quick',
      '--variants',
      'dense',
      '--seeds',
      '7,8,7',
      '--at-once',
      '2',
    ];
    const { jobs, atOnce, cells } = parse(...words, '--set', 'run.backend=simd', '--out', 'there');
    expect(atOnce).toBe(2);
    expect(jobs.map(({ folder }) => folder)).toEqual([
      expect.stringMatching(/^there\/dense-7-[0-9a-f]{6}$/),
      expect.stringMatching(/^there\/dense-8-[0-9a-f]{6}$/),
    ]);
    expect(jobs[0]?.assignments).toContain('run.backend=simd');
    // Cells of changed settings are not the experiment's.
    expect(cells).toBe('there/cells');
    expect(parse(...words).cells).toBe('src/study/cells/choice-quick');
    expect(parse(...words, '--table', '--cells', 'here')).toMatchObject({ onlyTable: true, cells: 'here' });
    expect(parseStudyOptions(['--help'])).toBe('help');
  });

  it('give other settings another folder, and the same ones the same', () => {
    const folder = (...more: string[]) => parse('choice', '--seeds', '1', ...more).jobs[0]?.folder;
    expect(folder()).toBe(folder());
    expect(folder('--set', 'grpo.learningRate=1e-4')).not.toBe(folder());
  });

  it.each([
    [[], /Name an experiment: choice/],
    [['choise'], /no experiment “choise”; take one of choice/],
    [['choice', '--preset', 'tiny'], /no preset “tiny”/],
    [['choice', '--threads', '0'], /--threads takes a whole number, 1 or more, not “0”\./],
    [['choice', '--at-once', 'x'], /--at-once takes a whole number, 1 or more, not “x”\./],
    [['choice', '--at-once', ''], /--at-once takes a whole number/],
    [['choice', '--at-once', '0'], /--at-once takes a whole number/],
    [['choice', '--at-once', '1.5'], /--at-once takes a whole number/],
    [['choice', '--at-once', 'Infinity'], /--at-once takes a whole number/],
    [['choice', '--seeds', '1,two'], /--seeds takes whole numbers.*not “two”/],
    [['choice', '--seeds', '1,'], /--seeds takes whole numbers/],
    [['choice', '--variants', 'sparse,thick'], /no variant “thick”; the variants are dense, sparse/],
    [['choice', '--set', 'grpo.learnRate=1'], /sets nothing/],
    [['choice', '--sed', '1'], /--sed/],
  ])('say what is wrong with %j', (words, message) => {
    expect(() => parseStudyOptions(words)).toThrow(UsageError);
    expect(() => parseStudyOptions(words)).toThrow(message);
  });
});
