import { describe, expect, it } from 'vitest';
import { validateSettings } from '../train/validate.ts';
import { arms, withChanges } from './arms.ts';
import { experiments, variantSettings } from './experiments.ts';
import { presets, presetSettings } from './presets.ts';
import { defaultSettings, parseSettings } from './formModel.ts';

describe('arms', () => {
  it('change the cold start and nothing else', () => {
    for (const { changes } of arms) {
      const { teacher, curation, sft, ...rest } = withChanges(defaultSettings, changes);
      expect(defaultSettings).toMatchObject(rest);
      expect(teacher.trajectories).toBe(defaultSettings.teacher.trajectories);
      expect(curation.size).toBe(defaultSettings.curation.size);
      expect(sft.learningRate).toBe(defaultSettings.sft.learningRate);
    }
  });

  it('can be laid over every preset', () => {
    for (const preset of presets)
      for (const { name, changes } of arms) {
        const settings = withChanges(preset.settings, changes);
        expect(validateSettings(settings), `${name} over ${preset.name}`).toEqual([]);
      }
  });
});

describe('experiments', () => {
  it('have variants that can run on their own preset and on nano', () => {
    for (const { name, variants, preset: own } of experiments)
      for (const preset of new Set([own, 'nano']))
        for (const variant of variants) {
          const settings = variantSettings(presetSettings(preset), variant);
          expect(parseSettings(settings), `${name} ${variant.name}`).not.toBeNull();
          expect(validateSettings(settings), `${name} ${variant.name} on ${preset}`).toEqual([]);
        }
  });

  it('name variants once, and begin only with earlier ones', () => {
    for (const { variants } of experiments) {
      const names = variants.map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
      variants.forEach(({ from }, i) => {
        if (from !== undefined) expect(names.slice(0, i)).toContain(from);
      });
    }
  });

  it('that evaluate under other conditions name them all, and each pair of conditions once', () => {
    for (const { name, variants, crossed } of experiments) {
      const pairs = variants.flatMap(({ trainedOn, evaluatedOn }) =>
        trainedOn === undefined && evaluatedOn === undefined ? [] : [`${trainedOn} ${evaluatedOn}`],
      );
      expect(pairs.length > 0, name).toBe(crossed !== undefined);
      expect(new Set(pairs).size, name).toBe(pairs.length);
      expect(pairs.filter((pair) => pair.includes('undefined'))).toEqual([]);
    }
  });

  it('differ from each other inside an experiment', () => {
    for (const { name, variants } of experiments) {
      const settings = variants.map((variant) =>
        JSON.stringify([variantSettings(presetSettings('quick'), variant), variant.from]),
      );
      expect(new Set(settings).size, name).toBe(variants.length);
    }
  });
});
