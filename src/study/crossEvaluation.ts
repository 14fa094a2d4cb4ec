/**
 * A study's variants as a table of two conditions: what was trained under one and evaluated under another, or two settings turned
 * together (the map of `recipes/experiments.ts`).
 *
 * Rows and columns are the variants' own. A cell is the accuracy after reinforcement learning on the benchmark of the training range, or
 * the tool calls per trajectory there, over seeds; what no run measured is null.
 */
import { distinct, runsOf } from './compare.ts';
import { benchmarkResult, spread, type Spread, type Study } from './study.ts';

/** What a cell is: the accuracy, or tool calls per trajectory. */
export type CrossMeasure = 'accuracy' | 'calls';

export interface CrossTable {
  readonly rowLabel: string;
  readonly columnLabel: string;
  readonly rows: readonly string[];
  readonly columns: readonly string[];
  readonly cells: readonly (readonly (Spread | null)[])[]; // [rows][columns]
  /** Tokens of the evaluation's context; null where no run says. */
  readonly context: number | null;
}

/** A study's table; null for one whose variants have no two conditions. */
export function crossEvaluation(
  study: Study,
  budget: 'short' | 'long',
  measure: CrossMeasure = 'accuracy',
  temperature?: number,
): CrossTable | null {
  const { crossed } = study;
  const variants = study.variants.flatMap(({ name, row, column }) =>
    row === undefined || column === undefined ? [] : [{ name, row, column }],
  );
  if (crossed === undefined || variants.length === 0) return null;
  const rows = inOrder(distinct(variants.map(({ row }) => row)));
  const columns = inOrder(distinct(variants.map(({ column }) => column)));
  const cellOf = (row: string, column: string) => {
    const variant = variants.find((one) => one.row === row && one.column === column);
    if (variant === undefined) return null;
    return spread(
      runsOf(study, variant.name).map((run) => {
        const result = benchmarkResult(run, 'evaluation', 'inRange', budget, temperature);
        if (result === undefined) return null;
        return measure === 'accuracy' ? result.meanAtK : result.toolCalls;
      }),
    );
  };
  return {
    rowLabel: crossed.rows,
    columnLabel: crossed.columns,
    rows,
    columns,
    cells: rows.map((row) => columns.map((column) => cellOf(row, column))),
    context:
      study.runs.flatMap(({ benchmarks }) => benchmarks).find((one) => one.budget === budget)?.context ??
      null,
  };
}

/** Numbers by size, words as they came. */
function inOrder(names: readonly string[]): readonly string[] {
  return [...names].sort((a, b) => Number(a) - Number(b) || 0);
}
