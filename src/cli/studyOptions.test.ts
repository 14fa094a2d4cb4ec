import { describe, expect, it } from 'vitest';
import { UsageError } from './options.ts';
import { parseStudyOptions, type StudyOptions } from './studyOptions.ts';

function parse(...words: string[]): StudyOptions {
  const options = parseStudyOptions(words);
  if (options === 'help') throw new Error('help was not asked for');
  return options;
}

describe('the study command’s options', () => {
  it('are every variant with three seeds, one run at a time, on the experiment’s own preset', () => {
    const { experiment, preset, jobs, atOnce, out } = parse('collapse');
    expect([experiment.name, preset.name, atOnce, out]).toEqual([
      'collapse',
      'quick',
      1,
      'runs/collapse-quick',
    ]);
    expect(jobs.map(({ folder }) => folder).slice(0, 4)).toEqual(
      ['sparse-1', 'dense-1', 'no-dense-1', 'sparse-2'].map((name) => `runs/collapse-quick/${name}`),
    );
    expect(jobs).toHaveLength(9);
  });

  it('take preset, variants, seeds, jobs, settings and a folder', () => {
    const { jobs, atOnce } = parse(
      ...['collapse', '--preset', 'nano', '--variants', 'dense', '--seeds', '7,8,7', '--jobs', '2'],
      ...['--set', 'run.backend=wasm', '--out', 'there'],
    );
    expect(atOnce).toBe(2);
    expect(jobs.map(({ folder }) => folder)).toEqual(['there/dense-7', 'there/dense-8']);
    expect(jobs[0]?.assignments).toContain('run.backend=wasm');
    expect(parseStudyOptions(['--help'])).toBe('help');
  });

  it.each([
    [[], /Name an experiment: collapse/],
    [['colapse'], /no experiment “colapse”; take one of collapse/],
    [['collapse', '--preset', 'tiny'], /no preset “tiny”/],
    [['collapse', '--threads', '0'], /--threads takes a whole number, 1 or more, not “0”\./],
    [['collapse', '--jobs', 'x'], /--jobs takes a whole number, 1 or more, not “x”\./],
    [['collapse', '--jobs', ''], /--jobs takes a whole number/],
    [['collapse', '--jobs', '0'], /--jobs takes a whole number/],
    [['collapse', '--jobs', '1.5'], /--jobs takes a whole number/],
    [['collapse', '--jobs', 'Infinity'], /--jobs takes a whole number/],
    [['collapse', '--seeds', '1,two'], /--seeds takes whole numbers.*not “two”/],
    [['collapse', '--seeds', '1,'], /--seeds takes whole numbers/],
    [['collapse', '--variants', 'sparse,thick'], /no variant “thick”; the variants are sparse, dense/],
    [['collapse', '--set', 'grpo.learnRate=1'], /sets nothing/],
    [['collapse', '--sed', '1'], /--sed/],
  ])('say what is wrong with %j', (words, message) => {
    expect(() => parseStudyOptions(words)).toThrow(UsageError);
    expect(() => parseStudyOptions(words)).toThrow(message);
  });
});
