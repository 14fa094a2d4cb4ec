/**
 * Any two or more runs of the list, compared: their lines over each other, the settings in which they differ, and how each ended.
 *
 * A run can be compared without being drawn in the other charts. The overlay has the same x, cursor and zoom as those.
 */
import { useMemo, useState } from 'react';
import type { LabState } from '../../lab/state.ts';
import { metricDefinition, metricNames, type MetricName } from '../../metrics/registry.ts';
import { RunSwatch } from '../app/RunSwatch.tsx';
import { chartRun, sameRoundRuns, type ChartRun } from '../charts/chartRuns.ts';
import { chartOf } from '../charts/definitions.ts';
import { LineFigure } from '../charts/LineFigure.tsx';
import { useInTurn } from '../charts/turns.ts';
import { MetricSelect } from './MetricSelect.tsx';
import { SettingsTable } from './SettingsTable.tsx';
import { EndTable } from './EndTable.tsx';
import styles from './compare.module.css';

const allRuns = ({ runs, focus }: LabState) => runs.map((run) => chartRun(run, run.id === focus));
const turn = { select: allRuns, pace: 1000, same: sameRoundRuns };

export function RunsCompare() {
  const runs = useInTurn(turn);
  const [left, setLeft] = useState<ReadonlySet<string>>(new Set());
  const [metric, setMetric] = useState<MetricName>('tool_use/avg_tool_calls_per_trajectory');
  const compared = useMemo(() => runs.filter(({ id }) => !left.has(id)), [runs, left]);
  const chart = useMemo(
    () => chartOf(metric, { id: 'compare', title: metricDefinition(metric).label }),
    [metric],
  );
  const choices = useMemo(() => measured(compared), [compared]);
  const toggle = (id: string) => {
    const next = new Set(left);
    if (!next.delete(id)) next.add(id);
    setLeft(next);
  };
  if (runs.length < 2)
    return (
      <p className={styles.note} data-testid="one-run">
        {runs.length === 0 ? 'There is no run yet.' : 'There is one run.'} With two or more, live, recorded or
        opened from a file, their lines, the settings in which they differ, and how they ended stand here side
        by side.
      </p>
    );
  return (
    <section className={styles.drawing} aria-label="Runs compared" data-testid="runs-compared">
      <div className={styles.legend} role="group" aria-label="Runs compared">
        {runs.map(({ id, name, style }) => (
          <button
            key={id}
            type="button"
            className={styles.toggle}
            aria-pressed={!left.has(id)}
            onClick={() => toggle(id)}
          >
            <RunSwatch style={style} />
            {name}
          </button>
        ))}
      </div>
      {compared.length < 2 ? (
        <p className={styles.note}>Choose at least two runs to compare them.</p>
      ) : (
        <>
          <MetricSelect names={choices} value={metric} onChange={setMetric} />
          <div className={styles.chart}>
            <LineFigure chart={chart} runs={compared} />
          </div>
          <SettingsTable runs={compared} />
          <EndTable runs={compared} />
        </>
      )}
    </section>
  );
}

/** Metrics over rounds that any of the runs has measured, and the density. */
function measured(runs: readonly ChartRun[]): readonly MetricName[] {
  return metricNames.filter(
    (name) =>
      name === 'tool_use/avg_tool_calls_per_trajectory' ||
      runs.some(({ view }) => view.series.rounds.some((point) => point[name] !== undefined)),
  );
}
