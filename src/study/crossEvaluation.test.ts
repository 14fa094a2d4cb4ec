import { describe, expect, it } from 'vitest';
import { exampleStudy, exampleStudyRun } from './testing/exampleStudy.ts';
import { crossEvaluation } from './crossEvaluation.ts';
import { experiments } from '../recipes/experiments.ts';
import type { Study } from './study.ts';

/** A study of these variants, each with one run whose accuracy on the short budget is its own. */
function studyOf(accuracies: Readonly<Record<string, number>>): Study {
  const runs = Object.entries(accuracies).map(([variant, meanAtK]) => {
    const run = exampleStudyRun(variant, 1, []);
    const benchmarks = run.benchmarks.map((one) => (one.phase === 'evaluation' ? { ...one, meanAtK } : one));
    return { ...run, benchmarks };
  });
  const variants = Object.keys(accuracies).map((name) => ({ name, title: name }));
  return { ...exampleStudy(), variants, runs };
}

const means = (study: Study) =>
  crossEvaluation(study, 'short')?.cells.map((row) => row.map((cell) => cell?.mean ?? null));

describe('the cross table', () => {
  it('has budgets by size, and null where nothing was run', () => {
    const study = studyOf({ 'train-2': 1, 'train-16-evaluate-4': 0.5, 'train-2-evaluate-50': 0.25 });
    const table = crossEvaluation(study, 'short');
    expect(table).toMatchObject({ rows: ['2', '16'], columns: ['4', '50'], context: 78 });
    expect(means(study)).toEqual([
      [null, 0.25],
      [0.5, null],
    ]);
    expect(crossEvaluation(study, 'long')?.cells.flat()).toEqual([null, null, null, null]);
  });

  it('has each family’s own run on the diagonal', () => {
    const study = studyOf({ chain: 0.9, 'chain-to-horner': 0.1, horner: 0.8, 'horner-to-chain': 0.2 });
    expect(crossEvaluation(study, 'short')).toMatchObject({
      rows: ['chain', 'horner'],
      columns: ['chain', 'horner'],
    });
    expect(means(study)).toEqual([
      [0.9, 0.1],
      [0.2, 0.8],
    ]);
  });

  it('is there for the experiments that evaluate elsewhere, whole, and for no other', () => {
    const withTable = experiments.flatMap(({ name, variants }) => {
      const study = studyOf(Object.fromEntries(variants.map((variant) => [variant.name, 0.5])));
      const table = crossEvaluation(study, 'short');
      if (table !== null) expect(table.cells.flat()).not.toContain(null);
      return table === null ? [] : [name];
    });
    expect(withTable).toEqual(['budget', 'generalisation']);
    expect(crossEvaluation(exampleStudy(), 'short')).toBeNull();
  });
});
