/**
 * A study in numbers: calls, accuracy, and how long each run took.
 *
 * Invariant (compare.test.tsx): a cell is a mean over seeds with its smallest and largest value.
 * What no run measured is a dash.
 */
import { useState } from 'react';
import type { AlarmCount, BenchmarkChange, CompareRow } from '../../study/compare.ts';
import type { Spread, Study } from '../../study/study.ts';
import { formatMetric, formatShare, missing } from '../app/format.ts';
import { RunSwatch } from '../app/RunSwatch.tsx';
import type { RunStyle } from '../app/runStyle.ts';
import { BenchmarkHeads, BudgetSwitch, Scroll, ValueCell, type Budget } from './tableParts.tsx';
import styles from './compare.module.css';

interface RowsProps {
  readonly rows: readonly CompareRow[];
  readonly styleOf: (variant: string) => RunStyle | undefined;
}

const calls = (value: number) => formatMetric(value, 'calls');

export function CallsTable({ rows, styleOf }: RowsProps) {
  const learning = rows.filter(({ firstCalls, endCalls }) => firstCalls !== null || endCalls !== null);
  return (
    <Scroll label="Tool calls per trajectory, table">
      <table className={styles.table} data-testid="compare-calls">
        <caption>
          Tool calls per trajectory <span>mean over seeds, smallest to largest</span>
        </caption>
        <thead>
          <tr>
            <th scope="col">Variant</th>
            <th scope="col">first GRPO round</th>
            <th scope="col">at the end</th>
            <th scope="col">at most 2 calls</th>
            <th scope="col">alarm</th>
          </tr>
        </thead>
        <tbody>
          {learning.map((row) => (
            <tr key={row.name} data-testid={`compare-calls-${row.name}`}>
              <VariantHead row={row} style={styleOf(row.name)} />
              <SpreadCell over={row.firstCalls} format={calls} />
              <SpreadCell over={row.endCalls} format={calls} />
              <SpreadCell over={row.atMost2} format={formatShare} />
              <AlarmCell alarm={row.alarm} />
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

export function AccuracyTable({ rows, styleOf, k }: RowsProps & { readonly k: number | null }) {
  const [budget, setBudget] = useState<Budget>('long');
  return (
    <Scroll label="Accuracy, table">
      <table className={styles.table} data-testid="compare-accuracy">
        <caption>
          Accuracy <span>mean@{k ?? 'k'}, after reinforcement learning</span>
          <BudgetSwitch budget={budget} onChange={setBudget} />
        </caption>
        <thead>
          <tr>
            <th scope="col">Variant</th>
            <BenchmarkHeads />
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.name} data-testid={`compare-accuracy-${row.name}`}>
              <VariantHead row={row} style={styleOf(row.name)} />
              {row.accuracy[budget].map((change) => (
                <ChangeCell key={change.benchmark} change={change} />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

export function RunList({ study }: { study: Study }) {
  const title = new Map(study.variants.map((variant) => [variant.name, variant.title]));
  return (
    <details className={styles.details}>
      <summary>The {study.runs.length} runs</summary>
      <Scroll label="Runs, table">
        <table className={styles.table} data-testid="compare-runs">
          <thead>
            <tr>
              <th scope="col">Variant</th>
              <th scope="col">seed</th>
              <th scope="col">minutes</th>
              <th scope="col" className={styles.words}>
                engine
              </th>
            </tr>
          </thead>
          <tbody>
            {study.runs.map((run) => (
              <tr key={`${run.variant}-${run.seed}`}>
                <th scope="row">{title.get(run.variant) ?? run.variant}</th>
                <td>{run.seed}</td>
                <td>{(run.seconds / 60).toFixed(1)}</td>
                <td className={styles.words}>{run.engine}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </details>
  );
}

function VariantHead({ row, style }: { row: CompareRow; style: RunStyle | undefined }) {
  return (
    <th scope="row">
      {row.title}
      <small>
        {style === undefined ? null : <RunSwatch style={style} />}
        {row.runs === 1 ? 'one seed' : `${row.runs} seeds`}
      </small>
    </th>
  );
}

export function range(over: Spread, format: (value: number) => string): string {
  const [low, high] = [format(over.min), format(over.max)];
  return low === high ? '' : `${low.replace('%', '')}–${high}`;
}

function SpreadCell({ over, format }: { over: Spread | null; format: (value: number) => string }) {
  return (
    <ValueCell mean={over?.mean ?? null} format={format} under={over === null ? '' : range(over, format)} />
  );
}

function AlarmCell({ alarm: { fired, of, rounds } }: { alarm: AlarmCount }) {
  const [first, last] = [rounds[0], rounds.at(-1)];
  return (
    <td data-value={fired} data-fired={fired > 0}>
      <b>{of === 0 ? missing : fired === 0 ? `none of ${of}` : `${fired} of ${of}`}</b>
      <small>
        {first === undefined ? '' : first === last ? `round ${first}` : `rounds ${first}–${last}`}
      </small>
    </td>
  );
}

function ChangeCell({ change: { before, after } }: { change: BenchmarkChange }) {
  return (
    <ValueCell
      mean={after?.mean ?? null}
      format={formatShare}
      under={after === null ? '' : range(after, formatShare)}
      before={before?.mean ?? null}
    />
  );
}
