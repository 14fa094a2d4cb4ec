import { describe, expect, it } from 'vitest';
import { validateSettings } from '../train/validate.ts';
import { findArm, withChanges } from './arms.ts';
import { defaultPreset, findPreset, presetOf, presets, presetSettings } from './presets.ts';
import { defaultSettings, differingPaths, parseSettings, withSetting } from './formModel.ts';

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

  it('offers mini, the defaults, first', () => {
    expect(presets[0]?.name).toBe('mini');
    expect(defaultPreset).toBe('mini');
    expect(presetSettings('mini')).toEqual(defaultSettings);
    expect(presetSettings('no such preset')).toBe(defaultSettings);
    expect(findPreset('toString')).toBeUndefined();
  });

  const sparseArm = ['teacher.denseWeight', 'teacher.sparseWeight', 'curation.bin', 'curation.keepZero'];
  it.each([
    ['mini', [...sparseArm, 'teacher.checkKind']],
    ['nine', sparseArm],
    ['nano', sparseArm],
    ['quick', sparseArm],
  ])('changes nothing but the cold start between %s and its sparse twin', (name, paths) => {
    const differing = differingPaths(presetSettings(name), presetSettings(`${name}-sparse`));
    expect(new Set(differing)).toEqual(new Set(paths));
  });

  it('layers nano-natural and small over nano', () => {
    const groups = (name: string) =>
      new Set(differingPaths(presetSettings('nano'), presetSettings(name)).map((path) => path.split('.')[0]));
    expect([...groups('nano-natural')]).toEqual(['teacher', 'curation']);
    expect([...groups('small')]).toEqual(['policy', 'sft', 'grpo']);
    expect(presetSettings('small').stage2.context).toBe(presetSettings('nano').stage2.context);
  });

  it('tells which preset settings are nearest to, whatever the seed', () => {
    for (const { name, settings } of presets)
      expect(presetOf(withSetting(settings, 'run.seed', 99), 'micro')).toBe(name);
    const sparse = withChanges(presetSettings('nano'), findArm('sparse')?.changes ?? {});
    expect(presetOf(sparse, 'nano')).toBe('nano-sparse');
    expect(presetOf(withSetting(sparse, 'stage1.steps', 21), 'nano')).toBe('nano-sparse');
    expect(presetOf(withSetting(sparse, 'stage1.steps', 21), 'gone')).toBe('nano-sparse');
    const tied = withSetting(withSetting(presetSettings('nine'), 'teacher.sparseWeight', 3), 'run.seed', 7);
    const distances = presets.map(
      ({ settings }) => differingPaths(settings, { ...tied, run: settings.run }).length,
    );
    expect(Math.min(...distances)).toBe(1);
    expect(presetOf(tied, 'nine')).toBe('nine');
  });

  it('lets every cold start see every length that stage 2 uses', () => {
    for (const { name, settings } of presets) {
      expect(settings.task.coldStartMaxLength, name).toBeGreaterThanOrEqual(settings.stage2.maxLength);
    }
  });
});
