import { describe, expect, it } from 'vitest';
import {
  checkSetting,
  defaultSettings,
  differingPaths,
  formField,
  formModel,
  getSetting,
  parseSettings,
  settingPaths,
  withSetting,
} from './formModel.ts';

describe('form model', () => {
  it('has one field for every setting, in groups of the schema', () => {
    const leaves = Object.entries(defaultSettings).flatMap(([group, values]) =>
      Object.keys(values).map((key) => `${group}.${key}`),
    );
    expect([...settingPaths].sort()).toEqual(leaves.sort());
    expect(formModel.map((group) => group.path)).toEqual(Object.keys(defaultSettings));
  });

  it('gives every field and group a title and a sentence', () => {
    for (const group of formModel) {
      expect(group.title).not.toBe('');
      expect(group.description).toMatch(/[.)]$/);
      for (const field of group.fields) {
        expect(field.title, field.path).not.toBe('');
        expect(field.description, field.path).toMatch(/[.)]$/);
      }
    }
  });

  it('reads kinds, bounds, units, choices and defaults', () => {
    expect(formField('grpo.groupSize')).toMatchObject({
      kind: 'integer',
      min: 2,
      max: 64,
      step: 1,
      default: 8,
      unit: 'samples',
    });
    expect(formField('sft.learningRate')).toMatchObject({ kind: 'number', min: 1e-6, max: 0.1, step: 1e-4 });
    expect(formField('grpo.normaliseByStd')).toMatchObject({ kind: 'boolean', default: true });
    expect(formField('curation.bin')).toMatchObject({
      kind: 'choice',
      choices: ['all', 'sparse', 'medium', 'dense', 'belowDense'],
      default: 'dense',
    });
    expect(formField('task.operations')).toMatchObject({ kind: 'text', default: '+-*/%' });
  });

  it('has defaults that are the default settings, within finite bounds', () => {
    for (const path of settingPaths) {
      const field = formField(path);
      expect(field?.default, path).toBe(getSetting(defaultSettings, path));
      if (field?.kind === 'integer' || field?.kind === 'number') {
        expect(Number.isFinite(field.min) && Number.isFinite(field.max), path).toBe(true);
        expect(field.step, path).toBeGreaterThan(0);
      }
    }
  });
});

describe('checkSetting', () => {
  it('takes good values and refuses bad ones with one sentence', () => {
    expect(checkSetting('grpo.clipHigh', 0.2)).toEqual({ ok: true, value: 0.2 });
    expect(checkSetting('grpo.groupSize', 8.5)).toEqual({
      ok: false,
      message: 'Group size G must be a whole number from 2 to 64 samples.',
    });
    expect(checkSetting('grpo.clipLow', 'x')).toEqual({
      ok: false,
      message: 'Clip low must be a number from 0 to 1.',
    });
    expect(checkSetting('curation.bin', 'thick').ok).toBe(false);
    expect(checkSetting('curation.keepZero', 'yes').ok).toBe(false);
    expect(checkSetting('task.operations', '++')).toEqual({
      ok: false,
      message: 'Operations: Use each of + - * / % at most once.',
    });
    expect(checkSetting('__proto__.polluted', 1).ok).toBe(false);
  });
});

describe('withSetting', () => {
  it('changes one value and shares the rest', () => {
    const changed = withSetting(defaultSettings, 'grpo.clipHigh', 0.2);
    expect(getSetting(changed, 'grpo.clipHigh')).toBe(0.2);
    expect(changed.sft).toBe(defaultSettings.sft);
    expect(defaultSettings.grpo.clipHigh).toBe(0.28);
    expect(differingPaths(defaultSettings, changed)).toEqual(['grpo.clipHigh']);
  });

  it('refuses a path that is no setting', () => {
    expect(() => withSetting(defaultSettings, 'grpo.nothing', 1)).toThrow('no setting');
    expect(() => getSetting(defaultSettings, 'toString')).toThrow('no setting');
  });
});

describe('parseSettings', () => {
  it('fills what is missing and refuses what is wrong', () => {
    expect(parseSettings({})).toEqual(defaultSettings);
    expect(parseSettings({ grpo: { clipHigh: 'high' } })).toBeNull();
    expect(parseSettings(null)).toBeNull();
  });
});
