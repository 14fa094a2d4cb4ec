/**
 * How runs ended: each number with its standard error and with how many values it is taken over.
 */
import { useState } from 'react';
import { benchmarks as benchmarkTexts } from '../../metrics/registry.ts';
import { benchmarkNames } from '../../tasks/problems.ts';
import { formatMetric, formatShare, missing } from '../app/format.ts';
import { RunSwatch } from '../app/RunSwatch.tsx';
import type { ChartRun } from '../charts/chartRuns.ts';
import { BudgetSwitch, Scroll } from './CompareTables.tsx';
import { endEstimate, heldOutEstimate, type Estimate } from './differences.ts';
import styles from './compare.module.css';

const calls = (value: number) => formatMetric(value, 'calls');

export function EndTable({ runs }: { runs: readonly ChartRun[] }) {
  const [budget, setBudget] = useState<'short' | 'long'>('long');
  return (
    <Scroll label="How they ended, table">
      <table className={styles.table} data-testid="compare-ends">
        <caption>
          How they ended <span>± one standard error</span>
          <BudgetSwitch budget={budget} onChange={setBudget} />
        </caption>
        <thead>
          <tr>
            <th scope="col">Run</th>
            <th scope="col">calls per trajectory</th>
            <th scope="col">train reward</th>
            {benchmarkNames.map((name) => (
              <th key={name} scope="col" title={benchmarkTexts[name].help}>
                {benchmarkTexts[name].label.toLowerCase()}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {runs.map(({ id, name, style, view }) => (
            <tr key={id} data-testid={`compare-end-${id}`}>
              <th scope="row">
                {name}
                <small>
                  <RunSwatch style={style} />
                  {view.status === 'done' ? '' : 'so far'}
                </small>
              </th>
              <EstimateCell at={endEstimate(view, 'tool_use/avg_tool_calls_per_trajectory')} format={calls} />
              <EstimateCell at={endEstimate(view, 'critic/score/mean')} format={formatShare} />
              {benchmarkNames.map((benchmark) => (
                <EstimateCell
                  key={benchmark}
                  at={heldOutEstimate(view, 'evaluation', benchmark, budget)}
                  before={heldOutEstimate(view, 'baseline', benchmark, budget)}
                  format={formatShare}
                />
              ))}
            </tr>
          ))}
        </tbody>
      </table>
      <p className={styles.note}>
        Calls and reward: the last rounds’ mean, with its error over those rounds. Held-out accuracy: n is
        problems; the error takes each problem as one draw, however often it was sampled.
      </p>
    </Scroll>
  );
}

interface CellProps {
  readonly at: Estimate | null;
  readonly before?: Estimate | null;
  readonly format: (value: number) => string;
}

function EstimateCell({ at, before = null, format }: CellProps) {
  return (
    <td data-value={at?.mean ?? ''}>
      <b>{at === null ? missing : format(at.mean)}</b>
      {at === null ? null : (
        <small>
          {at.error === null ? '' : `± ${format(at.error)}, `}n {at.n}
        </small>
      )}
      {before === null ? null : <small>before {format(before.mean)}</small>}
    </td>
  );
}
