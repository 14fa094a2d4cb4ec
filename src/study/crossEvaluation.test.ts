import { describe, expect, it } from 'vitest';
import { experiments, findExperiment, type Experiment } from '../recipes/experiments.ts';
import { crossEvaluation } from './crossEvaluation.ts';
import { makeStudy, readStudy, type Study } from './study.ts';
import { exampleStudy, exampleStudyRun } from './testing/exampleStudy.ts';

/** A study of some of an experiment's variants, each with one run whose accuracy on the short budget is its own. */
function studyOf(experiment: string | Experiment, accuracies: Readonly<Record<string, number>>): Study {
  const found = typeof experiment === 'string' ? findExperiment(experiment) : experiment;
  if (found === undefined) throw new Error('There is no such experiment.');
  const runs = Object.entries(accuracies).map(([variant, meanAtK]) => {
    const run = exampleStudyRun(variant, 1, []);
    const benchmarks = run.benchmarks.map((one) => (one.phase === 'evaluation' ? { ...one, meanAtK } : one));
    return { ...run, benchmarks };
  });
  return makeStudy(found, 'quick', runs, { createdAt: '2026-01-02T03:04:05.000Z', commit: null });
}

const means = (study: Study) =>
  crossEvaluation(study, 'short')?.cells.map((row) => row.map((cell) => cell?.mean ?? null));

describe('the cross table', () => {
  it('has budgets by size, and null where nothing was run', () => {
    const study = studyOf('budget', {
      'train-2': 1,
      'train-16-evaluate-4': 0.5,
      'train-2-evaluate-50': 0.25,
    });
    expect(crossEvaluation(study, 'short')).toMatchObject({
      ...{ rowLabel: 'trained with at most', columnLabel: 'calls allowed in the evaluation' },
      ...{ rows: ['2', '16'], columns: ['4', '50'], context: 78 },
    });
    expect(means(study)).toEqual([
      [null, 0.25],
      [0.5, null],
    ]);
    expect(crossEvaluation(study, 'long')?.cells.flat()).toEqual([null, null, null, null]);
  });

  it('has two settings turned together, as accuracy or as calls', () => {
    const study = studyOf('map', { 'values-49-size-100': 0.75, 'values-299-size-1600': 0.5 });
    expect(crossEvaluation(study, 'short')).toMatchObject({
      ...{ rowLabel: 'largest value', rows: ['49', '299'], columns: ['100', '1600'] },
    });
    expect(means(study)).toEqual([
      [0.75, null],
      [null, 0.5],
    ]);
    const calls = crossEvaluation(study, 'short', 'calls')?.cells[0]?.[0];
    expect(calls?.mean).toBe(1);
    expect(crossEvaluation(study, 'short', 'calls', 0.3)?.cells.flat()).toEqual([null, null, null, null]);
  });

  it('goes by what variants say, whatever they are called', () => {
    const study = studyOf('budget', { 'train-2-evaluate-4': 0.5 });
    const renamed = (name: string) => (name === 'train-2-evaluate-4' ? 'x' : name);
    const other = {
      ...study,
      variants: study.variants.map((variant) => ({ ...variant, name: renamed(variant.name) })),
      runs: study.runs.map((run) => ({ ...run, variant: renamed(run.variant) })),
    };
    expect(means(other)).toEqual([[0.5]]);
  });

  it('is there for the experiments with two conditions, whole, and for no other', () => {
    const withTable = experiments.flatMap((experiment) => {
      const { name, variants, crossed } = experiment;
      const study = studyOf(experiment, Object.fromEntries(variants.map((variant) => [variant.name, 0.5])));
      const table = crossEvaluation(study, 'short');
      if (table !== null) expect(table.cells.flat()).not.toContain(null);
      expect(table === null).toBe(crossed === undefined);
      return table === null ? [] : [name];
    });
    expect(withTable).toEqual(['map', 'budget']);
    expect(crossEvaluation(exampleStudy(), 'short')).toBeNull();
  });

  it('comes back from a file', () => {
    const study = studyOf('map', { 'values-49-size-100': 0.9 });
    expect(readStudy(JSON.parse(JSON.stringify(study)))).toEqual({ ok: true, study });
  });
});
