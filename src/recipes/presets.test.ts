import { describe, expect, it } from 'vitest';
import { validateSettings } from '../train/validate.ts';
import { findArm, withChanges } from './arms.ts';
import { findBase } from './bases.ts';
import { defaultPreset, findPreset, presetOf, presets, presetSettings, successorOf } from './presets.ts';
import { differingPaths, parseSettings, withSetting } from './formModel.ts';

describe('presets', () => {
  it('all parse to themselves, can run, and say what they are', () => {
    for (const preset of presets) {
      expect(parseSettings(preset.settings), preset.name).toEqual(preset.settings);
      expect(validateSettings(preset.settings), preset.name).toEqual([]);
      expect(preset.title).not.toBe('');
      expect(preset.description).toMatch(/^[A-Z].*\.$/);
      expect(preset.takes).not.toBe('');
    }
  });

  it('offers the default one first', () => {
    expect(presets[0]?.name).toBe(defaultPreset);
    expect(presetSettings('no such preset')).toBe(presetSettings(defaultPreset));
    expect(findPreset('toString')).toBeUndefined();
  });

  it('names a preset that exists for each one that is gone', () => {
    for (const gone of ['mini', 'mini-sparse', 'nine', 'nine-sparse', 'nano-natural', 'small']) {
      expect(findPreset(gone)).toBeUndefined();
      expect(findPreset(successorOf(gone) ?? '')?.name.endsWith('-sparse')).toBe(gone.endsWith('-sparse'));
    }
    expect(successorOf('quick')).toBeUndefined();
    expect(successorOf('toString')).toBeUndefined();
  });

  const sparseArm = ['teacher.denseWeight', 'teacher.sparseWeight', 'curation.bin', 'curation.keepZero'];
  it.each([
    ['quick', sparseArm],
    ['nano', sparseArm],
    ['scratch', sparseArm],
    ['micro', [...sparseArm, 'curation.sparseMax', 'curation.denseMin']],
  ])('changes nothing but the cold start between %s and its sparse twin', (name, paths) => {
    const differing = differingPaths(presetSettings(name), presetSettings(`${name}-sparse`));
    expect(new Set(differing)).toEqual(new Set(paths));
  });

  it('begins quick and nano from a base that comes with the lab, the others from scratch', () => {
    for (const { name, settings } of presets) {
      const isFromBase = /^(quick|nano)/.test(name);
      expect(findBase(settings.policy.base)?.isShipped ?? false, name).toBe(isFromBase);
    }
  });

  it('asks of a policy no longer chains than its base has read', () => {
    for (const { name, settings } of presets) {
      const corpus = findBase(settings.policy.base)?.settings.corpus;
      if (corpus === undefined) continue;
      expect(settings.stage2.maxLength, name).toBeLessThanOrEqual(corpus.lengths.max);
      expect(settings.task.valueMax, name).toBe(corpus.task.valueMax);
    }
  });

  it('tells which preset settings are nearest to, whatever the seed', () => {
    for (const { name, settings } of presets)
      expect(presetOf(withSetting(settings, 'run.seed', 99), 'micro')).toBe(name);
    const sparse = withChanges(presetSettings('nano'), findArm('sparse')?.changes ?? {});
    expect(presetOf(sparse, 'nano')).toBe('nano-sparse');
    expect(presetOf(withSetting(sparse, 'stage1.steps', 21), 'nano')).toBe('nano-sparse');
    expect(presetOf(withSetting(sparse, 'stage1.steps', 21), 'gone')).toBe('nano-sparse');
    const changed = withSetting(
      withSetting(presetSettings('scratch'), 'teacher.sparseWeight', 3),
      'run.seed',
      7,
    );
    expect(presetOf(changed, 'scratch')).toBe('scratch');
  });

  it('lets every cold start see every length that stage 2 uses', () => {
    for (const { name, settings } of presets) {
      expect(settings.task.coldStartMaxLength, name).toBeGreaterThanOrEqual(settings.stage2.maxLength);
    }
  });
});
