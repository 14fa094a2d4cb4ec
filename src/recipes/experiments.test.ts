import { describe, expect, it } from 'vitest';
import { validateSettings } from '../train/validate.ts';
import { arms, withChanges } from './arms.ts';
import { experiments, findExperiment, variantSettings } from './experiments.ts';
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
  it('have variants that can run on their own preset', () => {
    for (const experiment of experiments)
      for (const variant of experiment.variants) {
        const settings = variantSettings(experiment.preset, experiment, variant);
        expect(parseSettings(settings), `${experiment.name} ${variant.name}`).not.toBeNull();
        expect(validateSettings(settings), `${experiment.name} ${variant.name}`).toEqual([]);
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

  it('that have a table of two conditions name them all, and each pair once', () => {
    for (const { name, variants, crossed } of experiments) {
      const pairs = variants.flatMap(({ row, column }) =>
        row === undefined && column === undefined ? [] : [`${row} ${column}`],
      );
      expect(pairs.length > 0, name).toBe(crossed !== undefined);
      expect(new Set(pairs).size, name).toBe(pairs.length);
      expect(pairs.filter((pair) => pair.includes('undefined'))).toEqual([]);
    }
  });

  it('differ from each other inside an experiment, and take a preset’s twin where there is one', () => {
    for (const experiment of experiments) {
      const settings = experiment.variants.map((variant) =>
        JSON.stringify([variantSettings(experiment.preset, experiment, variant), variant.from]),
      );
      expect(new Set(settings).size, experiment.name).toBe(experiment.variants.length);
    }
    const sparse = { name: 'sparse', title: '', arm: 'sparse' } as const;
    expect(variantSettings('nano', {}, sparse)).toEqual(presetSettings('nano-sparse'));
  });

  it('have the bases that the prior and the map ask for', () => {
    const names = (name: string) => findExperiment(name)?.variants.map((variant) => variant.name) ?? [];
    expect(names('prior')).toEqual(['mixed-0', 'mixed-2', 'mixed-10', 'mixed-25']);
    expect(names('map')).toHaveLength(25);
    expect(names('map').slice(0, 2)).toEqual(['values-49-size-100', 'values-49-size-200']);
  });

  it('whose results are reported are evaluated on 200 problems at both temperatures', () => {
    for (const name of ['choice', 'prior', 'ablation', 'map']) {
      const experiment = findExperiment(name);
      for (const variant of experiment?.variants ?? []) {
        const { evaluation } = variantSettings(experiment!.preset, experiment!, variant);
        expect(evaluation).toMatchObject({
          problems: 200,
          temperature: 0.6,
          topP: 0.95,
          alsoAsTrained: true,
        });
      }
    }
  });
});
