/**
 * The strip of small charts under the overview, and the place of the diagnostics at its end.
 *
 * Each chart subscribes on its own and takes its own turn (`turns.ts`), so new numbers are drawn in several short tasks, not in one long
 * one. Diagnostics share one place, which never changes its size: the chart of the one that has something to say, or that a person asked
 * for; otherwise their newest values, in words.
 */
import { memo, useCallback, useMemo, useState } from 'react';
import { useInTurn } from './turns.ts';
import { chartRuns, sameRoundRuns, sameStepRuns, type ChartRun } from './chartRuns.ts';
import { diagnostics, smallCharts, type ChartDefinition, type Diagnostic } from './definitions.ts';
import { LineFigure, type Extras } from './LineFigure.tsx';
import type { Plot } from './plotModel.ts';
import { roundMap } from './plotModel.ts';
import { phaseSpans, phaseStarts } from './roundAxis.ts';
import { useChartView, type ChartView } from './chartView.ts';
import styles from './smallCharts.module.css';

/** Once a second is often enough for small charts, and leaves the processor to the training. */
const smallTurns = {
  rounds: { select: chartRuns, pace: 1000, same: sameRoundRuns },
  steps: { select: chartRuns, pace: 1000, same: sameStepRuns },
};

export function SmallCharts() {
  return (
    <section className={styles.strip} aria-labelledby="strip-title">
      <h2 id="strip-title" className="lab-hidden">
        More measurements
      </h2>
      {smallCharts.map((chart) => (
        <SmallFigure key={chart.id} chart={chart} />
      ))}
      <Diagnostics />
    </section>
  );
}

const SmallFigure = memo(function SmallFigure({ chart }: { chart: ChartDefinition }) {
  const runs = useInTurn(chart.axis === 'steps' ? smallTurns.steps : smallTurns.rounds);
  const heldOut = useHeldOut(runs, chart.heldOut === true);
  return <LineFigure chart={chart} runs={runs} extras={heldOut} />;
});

const selectKind = (view: ChartView) => view.xKind;

/** Each run's accuracy on held-out problems of the training range, long budget, at the rounds after which it was measured. */
function useHeldOut(runs: readonly ChartRun[], wanted: boolean): (plot: Plot) => Extras {
  const kind = useChartView(selectKind);
  return useCallback(
    (plot) => {
      if (!wanted) return {};
      const marks = plot.lines.flatMap((line) => {
        const run = runs.find(({ name }) => name === line.name);
        const map = run === undefined ? null : roundMap(run, kind);
        if (run === undefined || map === null) return [];
        const { settings, benchmarks, series } = run.view;
        const last = series.rounds.at(-1)?.x ?? 0;
        const spans = phaseSpans(settings, phaseStarts(run.view), last);
        const coldStart = spans.find(({ name }) => name === 'stage1')?.from ?? last;
        return benchmarks
          .filter(({ budget, benchmark }) => budget === 'long' && benchmark === 'inRange')
          .map(({ phase, meanAtK }) => ({
            line,
            x: map(phase === 'baseline' ? coldStart : last),
            y: meanAtK,
          }));
      });
      return { marks };
    },
    [runs, wanted, kind],
  );
}

/** The newest value of a diagnostic, over all runs: the largest. */
function newestOf({ value }: ChartDefinition, runs: readonly ChartRun[]): number | undefined {
  const values = runs.flatMap(({ view }) => {
    const newest = view.series.rounds.findLast((point) => value(point) !== undefined);
    return newest === undefined ? [] : [value(newest)!];
  });
  return values.length === 0 ? undefined : Math.max(...values);
}

/** Whether it has something to say, of any run at any time. */
export function isLoud({ value, loudAbove }: Diagnostic, runs: readonly ChartRun[]): boolean {
  return runs.some(({ view }) => view.series.rounds.some((point) => (value(point) ?? 0) > loudAbove));
}

function Diagnostics() {
  const runs = useInTurn(smallTurns.rounds);
  const [chosen, setChosen] = useState<string | null>(null);
  const loud = useMemo(() => diagnostics.filter((one) => isLoud(one, runs)), [runs]);
  const listed = diagnostics.filter((one) => one.isRare !== true || loud.includes(one));
  const open =
    chosen === 'none'
      ? undefined
      : (listed.find(({ id }) => id === chosen) ?? (chosen === null ? loud[0] : undefined));
  return (
    <div className={styles.diagnostics} data-testid="diagnostics" data-open={open?.id ?? ''}>
      {open === undefined ? (
        <div className={styles.quiet}>
          <h3 className={styles.quietTitle}>Diagnostics</h3>
          <p className={styles.quietNote}>
            {loud.length === 0 ? 'Nothing unusual.' : 'Something to say: marked.'} Press one to draw it.
          </p>
          <div className={styles.choices}>
            {listed.map((one) => (
              <Choice
                key={one.id}
                one={one}
                runs={runs}
                loud={loud.includes(one)}
                choose={() => setChosen(one.id)}
              />
            ))}
          </div>
        </div>
      ) : (
        <>
          <LineFigure chart={open} runs={runs} />
          <div className={styles.tabs} role="group" aria-label="Diagnostics">
            {listed.map((one) => (
              <button
                key={one.id}
                type="button"
                className={styles.tab}
                aria-pressed={one === open}
                data-loud={loud.includes(one)}
                onClick={() => setChosen(one === open ? 'none' : one.id)}
              >
                {one.title}
              </button>
            ))}
          </div>
        </>
      )}
    </div>
  );
}

interface ChoiceProps {
  readonly one: Diagnostic;
  readonly runs: readonly ChartRun[];
  readonly loud: boolean;
  readonly choose: () => void;
}

function Choice({ one, runs, loud, choose }: ChoiceProps) {
  const newest = newestOf(one, runs);
  return (
    <button type="button" className={styles.choice} data-loud={loud} title={one.help} onClick={choose}>
      {loud ? '▲ ' : ''}
      {one.title} <b>{newest === undefined ? '–' : one.format(newest)}</b>
    </button>
  );
}
