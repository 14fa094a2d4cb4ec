/**
 * The left of the page: tiles, the density chart that dominates, the collapse rule in words, and the heat map under it.
 *
 * The chart and the map share one x axis (`charts/plot.ts`). Before the first run the axes and the planned phases are already there, with
 * the welcome over them; the collapse zone is there once the run has a reference to measure it from.
 */
import { lazy, Suspense, useMemo } from 'react';
import { useMediaQuery } from '@mantine/hooks';
import type { SeriesView } from '../../record/runSeries.ts';
import type { SeriesPoint } from '../../record/metricSeries.ts';
import type { RunState } from '../../lab/state.ts';
import { metricDefinition } from '../../metrics/registry.ts';
import { formatNumber, formatShare } from '../app/format.ts';
import { useRun } from '../app/lab.tsx';
import { ChartFigure, Legend, type LegendEntry } from '../charts/ChartFigure.tsx';
import { HeatMap } from '../charts/HeatMap.tsx';
import { lastPlannedRound, phaseSpans, phaseStarts } from '../charts/roundAxis.ts';
import { sameRounds } from '../charts/sameSeries.ts';
import { useRunInTurn } from '../charts/turns.ts';
import { BootProgress } from './BootProgress.tsx';
import { CollapseRule } from './CollapseRule.tsx';
import { RewardSentence } from './RewardSentence.tsx';
import { Tiles } from './Tiles.tsx';
import { Welcome } from './Welcome.tsx';
import styles from './overview.module.css';

const DensityChart = lazy(async () => ({
  default: (await import('../charts/DensityChart.tsx')).DensityChart,
}));

const overviewTurn = { select: (run: RunState) => run.series, pace: 250, same: sameRounds };
const selectCollapse = (run: RunState) => run.collapse;
const selectSettings = (run: RunState) => run.settings;
const selectFresh = (run: RunState) => run.status === 'idle' && run.series.rounds.length === 0;

const density = 'tool_use/avg_tool_calls_per_trajectory';
const definition = metricDefinition(density);

const densityLegend: readonly LegendEntry[] = [
  { label: 'mean', colour: 'var(--lab-blue)', mark: 'line' },
  { label: 'middle half of the trajectories', colour: 'var(--lab-band)', mark: 'area' },
];

export function Overview() {
  const series = useRunInTurn(overviewTurn);
  const collapse = useRun(selectCollapse);
  const starts = useRun(phaseStarts);
  const settings = useRun(selectSettings);
  const fresh = useRun(selectFresh);
  const narrow = useMediaQuery('(max-width: 699px)') ?? false;
  const lastRound = series.rounds.at(-1)?.x ?? 0;
  const spans = useMemo(() => phaseSpans(settings, starts, lastRound), [settings, starts, lastRound]);
  const end = lastPlannedRound(spans);
  const zoneTop = collapse.threshold === null || collapse.threshold <= 0 ? null : collapse.threshold;
  const newest = series.latest[density];
  return (
    <section className={styles.overview} aria-labelledby="overview-title">
      <h2 id="overview-title" className="lab-hidden">
        Interaction density
      </h2>
      <Tiles />
      <div className={styles.chart}>
        {fresh ? <Welcome /> : null}
        <BootProgress />
        <ChartFigure
          wide
          id="density"
          title="Interaction density"
          subtitle="tool calls per trajectory, by rollout round"
          help={`${definition.help} A policy whose line sinks into the shaded zone has stopped reasoning with the tool.`}
          legend={<Legend entries={densityLegend} />}
          table={() => densityTable(series.rounds)}
          summary={newest === undefined ? 'No numbers yet.' : `Newest mean: ${formatNumber(newest)} calls.`}
        >
          <Suspense fallback={null}>
            <DensityChart
              rounds={series.rounds}
              spans={spans}
              collapse={collapse}
              zoneTop={zoneTop}
              narrow={narrow}
            />
          </Suspense>
        </ChartFigure>
      </div>
      <CollapseRule />
      <RewardSentence rounds={series.rounds} spans={spans} />
      <div className={styles.map}>
        <ChartFigure
          wide
          id="histogram"
          title="How the calls are spread"
          help="The histogram of tool calls over time: a column per round, a row per number of calls; the darker a cell, the more of that round’s trajectories made that many calls."
          table={() => histogramTable(series.histograms)}
          summary={`${series.histograms.length} columns.`}
        >
          <HeatMap columns={series.histograms} end={end} zoneTop={zoneTop} />
        </ChartFigure>
      </div>
    </section>
  );
}

function densityTable(rounds: readonly SeriesPoint[]) {
  const columns = [density, 'tool_use/p25', 'tool_use/p50', 'tool_use/p75', 'tool_use/p90'] as const;
  return {
    columns: ['Round', 'Mean', 'p25', 'Median', 'p75', 'p90'],
    rows: rounds
      .filter((point) => point[density] !== undefined)
      .map((point) => [String(point.x), ...columns.map((name) => formatNumber(point[name]))]),
  };
}

function histogramTable(columns: SeriesView['histograms']) {
  const most = columns.reduce((most, { counts }) => Math.max(most, counts.length), 1);
  return {
    columns: ['Round', ...Array.from({ length: most }, (_, calls) => `${calls} calls`)],
    rows: columns.map(({ round, through, counts }) => {
      const all = counts.reduce((sum, count) => sum + count, 0);
      const head = round === through ? String(round) : `${round}–${through}`;
      return [
        head,
        ...Array.from({ length: most }, (_, calls) => formatShare((counts[calls] ?? 0) / Math.max(1, all))),
      ];
    }),
  };
}
