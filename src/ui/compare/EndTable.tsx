/**
 * How runs ended: each number with its standard error and with how many values it is taken over.
 */
import { useState } from 'react';
import { benchmarkNames } from '../../tasks/problems.ts';
import { formatMetric, formatShare } from '../app/format.ts';
import { RunSwatch } from '../app/RunSwatch.tsx';
import type { ChartRun } from '../charts/chartRuns.ts';
import { endEstimate, heldOutEstimate, type Estimate } from './differences.ts';
import { BenchmarkHeads, BudgetSwitch, Scroll, ValueCell, type Budget } from './tableParts.tsx';
import styles from './compare.module.css';

const calls = (value: number) => formatMetric(value, 'calls');

export function EndTable({ runs }: { runs: readonly ChartRun[] }) {
  const [budget, setBudget] = useState<Budget>('long');
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
            <BenchmarkHeads />
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
  const error = at === null || at.error === null ? '' : `± ${format(at.error)}, `;
  return (
    <ValueCell
      mean={at?.mean ?? null}
      format={format}
      under={at === null ? '' : `${error}n ${at.n}`}
      before={before?.mean ?? null}
    />
  );
}
