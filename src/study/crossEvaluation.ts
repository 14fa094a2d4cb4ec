/**
 * What was trained under one condition and evaluated under another, as a table: interaction budgets, problem families.
 *
 * Rows and columns are the variants' own `trainedOn` and `evaluatedOn` (recipes/experiments.ts). A cell is the accuracy after
 * reinforcement learning on the benchmark of the training range, over seeds; what no run measured is null.
 */
import { distinct, runsOf } from './compare.ts';
import { benchmarkResult, spread, type Spread, type Study } from './study.ts';

export interface CrossTable {
  readonly rowLabel: string;
  readonly columnLabel: string;
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  readonly cells: readonly (readonly (Spread | null)[])[]; // [rows][columns]
  /** Tokens of the evaluation's context; null where no run says. */
  readonly context: number | null;
}

/**
 * Accuracy of what was trained under a row's condition and evaluated under a column's; null for a study in which nothing was
 * evaluated under another condition than it was trained under.
 */
export function crossEvaluation(study: Study, budget: 'short' | 'long'): CrossTable | null {
  const { crossed } = study;
  const variants = study.variants.flatMap(({ name, trainedOn, evaluatedOn }) =>
    trainedOn === undefined || evaluatedOn === undefined ? [] : [{ name, trainedOn, evaluatedOn }],
  );
  const isCrossed = variants.some(({ trainedOn, evaluatedOn }) => trainedOn !== evaluatedOn);
  if (crossed === undefined || !isCrossed) return null;
  const rows = inOrder(distinct(variants.map(({ trainedOn }) => trainedOn)));
  const columns = inOrder(distinct(variants.map(({ evaluatedOn }) => evaluatedOn)));
  const variantOf = (row: string, column: string) =>
    variants.find(({ trainedOn, evaluatedOn }) => trainedOn === row && evaluatedOn === column)?.name;
  return {
    rowLabel: crossed.trainedOn,
    columnLabel: crossed.evaluatedOn,
    rows,
    columns,
    cells: rows.map((row) => columns.map((column) => accuracyOf(study, variantOf(row, column), budget))),
    context:
      study.runs.flatMap(({ benchmarks }) => benchmarks).find((one) => one.budget === budget)?.context ??
      null,
  };
}

function accuracyOf(study: Study, variant: string | undefined, budget: 'short' | 'long'): Spread | null {
  if (variant === undefined) return null;
  const runs = runsOf(study, variant);
  return spread(runs.map((run) => benchmarkResult(run, 'evaluation', 'inRange', budget)?.meanAtK ?? null));
}

/** Numbers by size, words as they came. */
function inOrder(names: readonly string[]): readonly string[] {
  return [...names].sort((a, b) => Number(a) - Number(b) || 0);
}
