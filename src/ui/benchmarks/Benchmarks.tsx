/**
 * Three held-out benchmarks under two inference budgets, before and after reinforcement learning, and what the
 * always-solved filter did between the stages.
 */
import type { BenchmarkResult } from '../../record/runView.ts';
import type { RunState } from '../../lab/state.ts';
import { benchmarks as texts } from '../../metrics/registry.ts';
import { benchmarkNames, type BenchmarkName } from '../../tasks/problems.ts';
import { formatDelta, formatNumber, formatPoints, formatShare } from '../app/format.ts';
import { useRun } from '../app/lab.tsx';
import { PromptFilterView } from './PromptFilterView.tsx';
import styles from './benchmarks.module.css';

const selectResults = (run: RunState) => run.benchmarks;
const selectFilter = (run: RunState) => run.promptFilter;
const selectSettings = (run: RunState) => run.settings.evaluation;

const budgets = ['short', 'long'] as const;

export function Benchmarks() {
  const results = useRun(selectResults);
  const filter = useRun(selectFilter);
  const evaluation = useRun(selectSettings);
  return (
    <div className={styles.benchmarks} data-testid="benchmarks">
      {budgets.map((budget) => {
        const context = budget === 'short' ? evaluation.shortContext : evaluation.longContext;
        const calls = budget === 'short' ? evaluation.shortCalls : evaluation.longCalls;
        return (
          <section key={budget}>
            <h3 className={styles.heading}>
              {budget === 'short' ? 'Short budget' : 'Long budget'}
              <span>
                {context} tokens, {calls} calls
              </span>
            </h3>
            <BudgetTable
              budget={budget}
              results={results.filter(
                // Those at the rollouts' temperature are for studies.
                (one) => (one.temperature ?? evaluation.temperature) === evaluation.temperature,
              )}
              k={evaluation.samples}
            />
          </section>
        );
      })}
      <p className={styles.note}>
        mean@{evaluation.samples} is the share of right answers over {evaluation.samples} samples of each of{' '}
        {evaluation.problems} problems; pass@{evaluation.samples} the share of problems solved at least once.
        The error behind ± is the standard error over problems. Sampled at temperature{' '}
        {evaluation.temperature}, top-p {evaluation.topP}. “Before” is after the cold start, “after” is after
        reinforcement learning.
      </p>
      {filter === null ? null : <PromptFilterView report={filter} />}
    </div>
  );
}

interface BudgetTableProps {
  readonly budget: BenchmarkResult['budget'];
  readonly results: readonly BenchmarkResult[];
  readonly k: number;
}

function BudgetTable({ budget, results, k }: BudgetTableProps) {
  const find = (benchmark: BenchmarkName, phase: BenchmarkResult['phase']) =>
    results.find(
      (result) => result.benchmark === benchmark && result.phase === phase && result.budget === budget,
    );
  return (
    <table className={styles.table} data-testid={`benchmarks-${budget}`}>
      <caption className="lab-hidden">Benchmarks under the {budget} budget</caption>
      <thead>
        <tr>
          <th scope="col">Benchmark</th>
          <th scope="col">mean@{k}</th>
          <th scope="col">pass@{k}</th>
          <th scope="col">calls</th>
          <th scope="col">cut off</th>
        </tr>
      </thead>
      <tbody>
        {benchmarkNames.map((name) => {
          const before = find(name, 'baseline');
          const after = find(name, 'evaluation');
          return (
            <tr
              key={name}
              data-testid={`benchmark-${budget}-${name}`}
              data-value={(after ?? before)?.meanAtK ?? ''}
            >
              <th scope="row" title={texts[name].help}>
                {texts[name].label}
              </th>
              <Change
                before={before?.meanAtK}
                after={after?.meanAtK}
                error={(after ?? before)?.standardError}
                format={formatShare}
                better="higher"
              />
              <Change before={before?.passAtK} after={after?.passAtK} format={formatShare} better="higher" />
              <Change
                before={before?.toolCalls}
                after={after?.toolCalls}
                format={formatNumber}
                better="neither"
              />
              <Change
                before={before?.truncated}
                after={after?.truncated}
                format={formatShare}
                better="lower"
              />
            </tr>
          );
        })}
      </tbody>
    </table>
  );
}

interface ChangeProps {
  readonly before: number | undefined;
  readonly after: number | undefined;
  /** Standard error of the value shown. */
  readonly error?: number | undefined;
  readonly format: (value: number | undefined) => string;
  readonly better: 'higher' | 'lower' | 'neither';
}

/** The newest value, and under it the change since the cold start. */
function Change({ before, after, error, format, better }: ChangeProps) {
  const value = after ?? before;
  const delta = before !== undefined && after !== undefined ? after - before : null;
  const tone =
    delta === null || better === 'neither' || Math.abs(delta) < 0.0005
      ? 'even'
      : delta > 0 === (better === 'higher')
        ? 'better'
        : 'worse';
  return (
    <td>
      <span className={styles.value}>
        {format(value)}
        {error === undefined ? null : <small> ± {formatPoints(error)}</small>}
      </span>
      <span className={styles.delta} data-tone={tone}>
        {delta === null
          ? value === undefined
            ? ''
            : 'before'
          : formatDelta(delta, format === formatShare ? formatPoints : formatNumber)}
      </span>
    </td>
  );
}
