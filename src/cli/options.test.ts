import { describe, expect, it } from 'vitest';
import { defaultPreset, presetSettings } from '../recipes/presets.ts';
import { parseTrainOptions, resolveSettings, UsageError, type TrainOptions } from './options.ts';

function parse(...words: string[]): TrainOptions {
  const options = parseTrainOptions(words);
  if (options === 'help') throw new Error('help was not asked for');
  return options;
}

describe('the train command’s options', () => {
  it('lays an arm, settings and a seed over a preset', () => {
    const { settings, out, presetName } = parse(
      ...['--preset', 'nano', '--arm', 'sparse', '--seed', '7', '--set', 'grpo.learningRate=1e-4'],
    );
    expect(presetName).toBe('nano');
    expect(settings.policy.preset).toBe('nano');
    expect(settings.curation.bin).toBe('sparse');
    expect(settings.run.seed).toBe(7);
    expect(settings.grpo.learningRate).toBe(1e-4);
    expect(settings.stage1).toEqual(presetSettings('nano').stage1);
    expect(out).toBe('runs/nano-sparse-7');
  });

  it('keeps threads out of the settings: they change nothing but the time', () => {
    expect(parse('--threads', '3')).toEqual({ ...parse(), threads: 3 });
    expect(parse().threads).toBeNull();
  });

  it('begins with mini and answers --help', () => {
    expect(parse().settings).toEqual(presetSettings(defaultPreset));
    expect(parseTrainOptions(['--help'])).toBe('help');
  });

  it.each([
    [['--preset', 'tiny'], /no preset “tiny”/],
    [['--arm', 'thick'], /no arm “thick”.*dense/],
    [['--sed', '1'], /--sed/],
    [['--set', 'grpo.learnRate=1'], /sets nothing/],
    [['--set', 'toString.length=1'], /sets nothing/],
    [['--set', 'grpo.learningRate'], /sets nothing/],
    [['--set', 'grpo.learningRate=fast'], /grpo.learningRate/],
    [['--set', 'grpo.learningRate='], /grpo.learningRate/],
    [['--set', 'curation.keepZero=yes'], /curation.keepZero/],
    [['--set', 'stage1.context=30'], /GRPO stage 1: a problem of 4 steps/],
    [['--seed=-1'], /run.seed/],
    [['--checkpoint-every', 'often'], /--checkpoint-every takes seconds, 0 or more, not “often”\./],
    [['--checkpoint-every', ''], /--checkpoint-every takes seconds/],
    [['--checkpoint-every=-1'], /--checkpoint-every takes seconds/],
    [['--threads', '0'], /--threads takes a whole number, 1 or more, not “0”\./],
    [['--threads', 'many'], /--threads takes a whole number/],
  ])('says what is wrong with %j', (words, message) => {
    expect(() => parseTrainOptions(words)).toThrow(UsageError);
    expect(() => parseTrainOptions(words)).toThrow(message);
  });

  it('leaves the base untouched', () => {
    const base = presetSettings('micro');
    const before = structuredClone(base);
    resolveSettings(base, { arm: 'natural', assignments: ['sft.epochs=2'] });
    expect(base).toEqual(before);
  });
});
