import { describe, expect, it } from 'vitest';
import { evaluationParts } from './evaluationParts.ts';
import { defaultSettings, type RunSettings } from './settings.ts';

const parts = (evaluation: Partial<RunSettings['evaluation']>) =>
  evaluationParts({ ...defaultSettings, evaluation: { ...defaultSettings.evaluation, ...evaluation } });

describe('the parts of an evaluation', () => {
  it('are three benchmarks under two budgets as the settings sample', () => {
    expect(parts({})).toHaveLength(6);
    expect(parts({})[0]).toEqual({ benchmark: 'inRange', budget: 'short', temperature: 0.6, topP: 0.95 });
  });

  it('come a second time as trained, unless that is the same', () => {
    const both = parts({ benchmarks: 'inRange', alsoAsTrained: true });
    expect(both.map(({ budget, temperature, topP }) => [budget, temperature, topP])).toEqual([
      ['short', 0.6, 0.95],
      ['long', 0.6, 0.95],
      ['short', 1, 1],
      ['long', 1, 1],
    ]);
    expect(parts({ benchmarks: 'inRange', alsoAsTrained: true, temperature: 1, topP: 1 })).toHaveLength(2);
  });
});
