/**
 * What the comparison's tables share: the frame that scrolls, the switch between the two budgets, the benchmarks' heads, and a cell that
 * has a value, how sure it is, and what it was before.
 */
import type { ReactNode } from 'react';
import { benchmarks as benchmarkTexts } from '../../metrics/registry.ts';
import { benchmarkNames } from '../../tasks/problems.ts';
import { missing } from '../app/format.ts';
import styles from './compare.module.css';

export type Budget = 'short' | 'long';

const budgetTexts = { short: 'short budget', long: 'long budget' } as const;

export function BudgetSwitch({ budget, onChange }: { budget: Budget; onChange: (budget: Budget) => void }) {
  return <Choice label="Inference budget" texts={budgetTexts} chosen={budget} onChange={onChange} />;
}

interface ChoiceProps<Name extends string> {
  readonly label: string;
  readonly texts: Readonly<Record<Name, string>>;
  readonly chosen: Name;
  readonly onChange: (name: Name) => void;
}

/** One of a few, in a table's caption. */
export function Choice<Name extends string>({ label, texts, chosen, onChange }: ChoiceProps<Name>) {
  return (
    <span className={styles.budgets} role="group" aria-label={label}>
      {(Object.keys(texts) as Name[]).map((name) => (
        <button
          key={name}
          type="button"
          className={styles.budget}
          aria-pressed={chosen === name}
          onClick={() => onChange(name)}
        >
          {texts[name]}
        </button>
      ))}
    </span>
  );
}

/** Wide tables scroll inside the panel, by keyboard as well. */
export function Scroll({ label, children }: { label: string; children: ReactNode }) {
  return (
    <div className={styles.scroll} tabIndex={0} role="region" aria-label={label}>
      {children}
    </div>
  );
}

/** A column's head for each benchmark, in their order. */
export function BenchmarkHeads() {
  return benchmarkNames.map((name) => (
    <th key={name} scope="col" title={benchmarkTexts[name].help}>
      {benchmarkTexts[name].label.toLowerCase()}
    </th>
  ));
}

interface CellProps {
  /** Null where nothing was measured: a dash. */
  readonly mean: number | null;
  readonly format: (value: number) => string;
  /** Under it: how sure it is. */
  readonly under: string;
  /** What it was before reinforcement learning; null where that was not measured. */
  readonly before?: number | null;
}

export function ValueCell({ mean, format, under, before = null }: CellProps) {
  return (
    <td data-value={mean ?? ''}>
      <b>{mean === null ? missing : format(mean)}</b>
      <small>{mean === null ? '' : under}</small>
      {before === null ? null : <small>before {format(before)}</small>}
    </td>
  );
}
