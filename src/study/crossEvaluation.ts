/**
 * What was trained under one condition and evaluated under another, as a table: interaction budgets, problem families.
 *
 * Invariants. (1) Rows and columns are found in the variants' names (`train-4-evaluate-16`, `chain-to-horner`), as recipes/experiments.ts gives
 * them; a study without such variants has no table. (2) A cell is the accuracy after reinforcement learning on the benchmark of the training
 * range, over seeds; what no run measured is null. (3) A family's own cell is the run that learned it.
 */
import { runsOf } from './compare.ts';
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

interface Pairing {
  readonly pattern: RegExp;
  readonly rowLabel: string;
  readonly columnLabel: string;
  /** The variant trained and evaluated under one condition, where it is not one of the pattern's. */
  readonly own?: (condition: string) => string;
}

const pairings: readonly Pairing[] = [
  {
    pattern: /^train-(\d+)-evaluate-(\d+)$/,
    rowLabel: 'trained with at most',
    columnLabel: 'calls allowed in the evaluation',
  },
  {
    pattern: /^(\w+)-to-(\w+)$/,
    rowLabel: 'trained on',
    columnLabel: 'evaluated on',
    own: (family) => family,
  },
];

/** Accuracy of what was trained under a row's condition and evaluated under a column's. */
export function crossEvaluation(study: Study, budget: 'short' | 'long'): CrossTable | null {
  for (const { pattern, rowLabel, columnLabel, own } of pairings) {
    const variants = new Map<string, string>(); // by row and column
    const [rows, columns] = [new Set<string>(), new Set<string>()];
    for (const { name } of study.variants) {
      const [, row, column] = pattern.exec(name) ?? [];
      if (row === undefined || column === undefined) continue;
      variants.set(`${row} ${column}`, name);
      rows.add(row);
      columns.add(column);
    }
    if (variants.size === 0) continue;
    if (own) for (const row of rows) variants.set(`${row} ${row}`, own(row));
    const names = [inOrder(rows), inOrder(own ? new Set([...rows, ...columns]) : columns)] as const;
    return {
      ...{ rowLabel, columnLabel, rows: names[0], columns: names[1] },
      cells: names[0].map((row) =>
        names[1].map((column) => accuracyOf(study, variants.get(`${row} ${column}`), budget)),
      ),
      context:
        study.runs.flatMap(({ benchmarks }) => benchmarks).find((one) => one.budget === budget)?.context ??
        null,
    };
  }
  return null;
}

function accuracyOf(study: Study, variant: string | undefined, budget: 'short' | 'long'): Spread | null {
  if (variant === undefined) return null;
  const runs = runsOf(study, variant);
  return spread(runs.map((run) => benchmarkResult(run, 'evaluation', 'inRange', budget)?.meanAtK ?? null));
}

/** Numbers by size, words as they came. */
function inOrder(names: ReadonlySet<string>): readonly string[] {
  return [...names].sort((a, b) => Number(a) - Number(b) || 0);
}
