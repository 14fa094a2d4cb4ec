/**
 * The strip of small charts under the overview. Each subscribes on its own and takes its own turn (`turns.ts`), so new numbers are drawn
 * in several short tasks, not in one long one.
 */
import { lazy, memo, Suspense, useCallback, useMemo } from 'react';
import type { SeriesPoint } from '../../record/metricSeries.ts';
import type { RunState } from '../../lab/state.ts';
import { benchmarks as benchmarkTexts, metricDefinition } from '../../metrics/registry.ts';
import { benchmarkNames } from '../../tasks/problems.ts';
import { formatMetric } from '../app/format.ts';
import { useRun } from '../app/lab.tsx';
import { ChartFigure, Legend, type LegendEntry, type Marker } from './ChartFigure.tsx';
import { accuracyChart, smallCharts, type ChartDefinition } from './definitions.ts';
import { lastPlannedRound, phaseSpans, phaseStarts } from './roundAxis.ts';
import type { MarkedPoint } from './SmallChart.tsx';
import { sameRounds, sameSteps } from './sameSeries.ts';
import { useRunInTurn } from './turns.ts';
import styles from './smallCharts.module.css';

/** recharts is the largest part of the page, so it is loaded after the page has opened. */
const SmallChart = lazy(async () => ({ default: (await import('./SmallChart.tsx')).SmallChart }));

const selectSeries = (run: RunState) => run.series;

/** Once a second is often enough for small charts, and leaves the processor to the training. */
const smallTurns = {
  rounds: { select: selectSeries, pace: 1000, same: sameRounds },
  sft: { select: selectSeries, pace: 1000, same: sameSteps },
};
const selectBenchmarks = (run: RunState) => run.benchmarks;
const selectSftSteps = (run: RunState) => run.phases.find(({ name }) => name === 'sft')?.total ?? 0;
const selectSettings = (run: RunState) => run.settings;

const markers: readonly { readonly marker: Marker; readonly colour: string }[] = [
  { marker: 'circle', colour: 'var(--lab-blue)' },
  { marker: 'triangle', colour: 'var(--lab-orange)' },
  { marker: 'square', colour: 'var(--lab-purple)' },
];

const markLabels = { inRange: 'in range', longer: 'longer', harder: 'harder' } as const;

export function SmallCharts() {
  return (
    <section className={styles.strip} aria-labelledby="strip-title">
      <h2 id="strip-title" className="lab-hidden">
        More measurements
      </h2>
      {smallCharts.map((chart) => (
        <SmallFigure key={chart.id} chart={chart} />
      ))}
    </section>
  );
}

const SmallFigure = memo(function SmallFigure({ chart }: { chart: ChartDefinition }) {
  const series = useRunInTurn(smallTurns[chart.source]);
  const settings = useRun(selectSettings);
  const starts = useRun(phaseStarts);
  const steps = useRun(selectSftSteps);
  const points = chart.source === 'sft' ? series.sft : series.rounds;
  const lastRound = series.rounds.at(-1)?.x ?? 0;
  const spans = useMemo(() => phaseSpans(settings, starts, lastRound), [settings, starts, lastRound]);
  const end = chart.source === 'sft' ? Math.max(steps, 1) : lastPlannedRound(spans);
  const marks = useMarks(chart, spans.find(({ name }) => name === 'stage1')?.from ?? 0, lastRound);
  const table = useCallback(() => tableOf(chart, points), [chart, points]);
  const unit = metricDefinition(chart.headline).unit;
  const newest = series.latest[chart.headline];
  const entries = legendOf(chart, marks !== undefined && marks.length > 0);
  return (
    <ChartFigure
      id={chart.id}
      title={chart.title}
      help={chart.help}
      value={newest === undefined ? undefined : formatMetric(newest, unit)}
      legend={<Legend entries={entries} />}
      table={table}
      summary={newest === undefined ? 'No numbers yet.' : `Newest value: ${formatMetric(newest, unit)}.`}
    >
      <Suspense fallback={null}>
        <SmallChart chart={chart} points={points} end={end} marks={marks} />
      </Suspense>
    </ChartFigure>
  );
});

/** Benchmark results as markers at the rounds where they were taken. */
function useMarks(chart: ChartDefinition, coldStartRound: number, lastRound: number) {
  const results = useRun(selectBenchmarks);
  return useMemo((): readonly MarkedPoint[] | undefined => {
    if (chart !== accuracyChart) return undefined;
    return results.flatMap((result) => {
      const style = markers[benchmarkNames.indexOf(result.benchmark)];
      if (result.budget !== 'long' || style === undefined) return [];
      return [
        {
          ...style,
          x: result.phase === 'baseline' ? coldStartRound : lastRound,
          y: result.meanAtK,
          label: benchmarkTexts[result.benchmark].label,
        },
      ];
    });
  }, [chart, results, coldStartRound, lastRound]);
}

function legendOf(chart: ChartDefinition, withMarks: boolean): readonly LegendEntry[] {
  const lines = chart.series.map(({ label, colour, dash, area }): LegendEntry => {
    return { label, colour, dash, mark: area === true ? 'area' : 'line' };
  });
  if (!withMarks) return lines;
  const marks = benchmarkNames.flatMap((name, index): LegendEntry[] => {
    const style = markers[index];
    return style === undefined ? [] : [{ label: markLabels[name], colour: style.colour, mark: style.marker }];
  });
  return [...lines, ...marks];
}

function tableOf(chart: ChartDefinition, points: readonly SeriesPoint[]) {
  return {
    columns: [chart.source === 'sft' ? 'Step' : 'Round', ...chart.series.map(({ label }) => label)],
    rows: points
      .filter((point) => chart.series.some(({ metric }) => point[metric] !== undefined))
      .map((point) => [
        String(point.x),
        ...chart.series.map(({ metric }) => formatMetric(point[metric], metricDefinition(metric).unit)),
      ]),
  };
}
