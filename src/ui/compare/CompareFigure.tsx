/**
 * A metric of a study by rollout round: a line for each variant, the mean over its seeds, with a band from the smallest to the largest
 * and, where there are few variants, a thin line for each seed.
 */
import { lazy, Suspense, useMemo } from 'react';
import type { CompareLine, StageStart } from '../../study/compare.ts';
import { distinct } from '../../study/compare.ts';
import type { StudyMetric } from '../../study/study.ts';
import { metricDefinition } from '../../metrics/registry.ts';
import type { RunStyle } from '../app/runStyle.ts';
import { ChartFigure } from '../charts/ChartFigure.tsx';
import { useChartView, type ChartView } from '../charts/chartView.ts';
import { chartOf } from '../charts/definitions.ts';
import type { NumberTable } from '../charts/numberTable.ts';
import { smallFrame, wideFrame } from '../charts/plot.ts';
import { plotByRound } from '../charts/plotModel.ts';
import { PlotSurface } from '../charts/PlotSurface.tsx';
import type { Strand } from '../charts/LinesChart.tsx';
import { ReadingDots, ReadingRows, readingsAt, readingText } from '../charts/readout.tsx';

const LinesChart = lazy(async () => ({ default: (await import('../charts/LinesChart.tsx')).LinesChart }));
const StageMarks = lazy(async () => ({ default: (await import('./StageMarks.tsx')).StageMarks }));

export interface DrawnLine extends CompareLine {
  readonly style: RunStyle;
}

interface Props {
  readonly lines: readonly DrawnLine[];
  readonly stages: readonly StageStart[];
  readonly metric: StudyMetric;
}

/** More variants than this, and their seeds would be a thicket. */
const mostWithSeeds = 6;

const selectAll = (view: ChartView) => view;

export function CompareFigure({ lines, stages, metric }: Props) {
  const view = useChartView(selectAll);
  const { label, help } = metricDefinition(metric);
  const chart = useMemo(
    () => chartOf(metric, { id: 'compare', title: label, axis: 'study' }),
    [metric, label],
  );
  const plot = useMemo(() => {
    const sources = lines.map(({ title, style, points }) => ({
      ...{ name: title, style, focused: false },
      points: points.map(({ x, mean }) => ({ x, y: mean })),
      around: points.map(({ max }) => max),
    }));
    return plotByRound(sources, chart, { view, pixels: 420, ticks: 6 });
  }, [lines, chart, view]);
  const bands = useMemo(
    () =>
      lines.map(({ style, points }) => ({
        colour: style.colour,
        points: points.map(({ x, min, max }) => ({ x, band: [min, max] as const })),
      })),
    [lines],
  );
  const strands = useMemo(() => strandsOf(lines), [lines]);
  const xs = useMemo(() => roundsOf(lines), [lines]);
  return (
    <ChartFigure
      id="compare"
      title={label}
      subtitle="by rollout round"
      help={`${help} Lines are means over seeds, bands reach from the smallest seed to the largest${
        strands.length === 0 ? '' : ', thin lines are the seeds: where they part, none is at their mean'
      }.`}
      table={() => bandTable(lines, chart.format)}
      pictureKey={lines.map(({ title, style }) => ({ name: title, style }))}
      hasNumbers={xs.length > 0}
      summary={`${lines.length} lines.`}
      draw={(large) => {
        const frame = large ? wideFrame(true, false) : smallFrame;
        return (
          <>
            <Suspense fallback={null}>
              <LinesChart
                title={label}
                plot={plot}
                frame={frame}
                named={large}
                bands={bands}
                strands={strands}
              >
                <Suspense fallback={null}>
                  <StageMarks stages={stages} />
                </Suspense>
              </LinesChart>
            </Suspense>
            <PlotSurface
              chart="compare"
              title={label}
              axis="study"
              x={plot.x}
              xs={xs}
              frame={frame}
              read={(x) => readingText(readingsAt(plot, x), chart.format)}
              tell={(x) => <ReadingRows readings={readingsAt(plot, x)} format={chart.format} />}
              mark={(x) => <ReadingDots plot={plot} x={x} />}
            />
          </>
        );
      }}
    />
  );
}

function strandsOf(lines: readonly DrawnLine[]): readonly Strand[] {
  if (lines.length > mostWithSeeds) return [];
  return lines
    .filter(({ seeds }) => seeds.length > 1)
    .flatMap(({ style: { colour }, seeds }) => seeds.map(({ points }) => ({ colour, points })));
}

function roundsOf(lines: readonly DrawnLine[]): readonly number[] {
  return [...distinct(lines.flatMap(({ points }) => points.map(({ x }) => x)))].sort((a, b) => a - b);
}

function bandTable(lines: readonly DrawnLine[], format: (value: number) => string): NumberTable {
  const columns = lines.flatMap(({ title, points }) => {
    const byRound = new Map(points.map((point) => [point.x, point]));
    const column = (label: string, part: 'mean' | 'min' | 'max') => ({
      ...{ label, format },
      at: (round: number) => byRound.get(round)?.[part] ?? null,
    });
    if (!points.some(({ seeds }) => seeds > 1)) return [column(title, 'mean')];
    return [column(title, 'mean'), column(`${title}: smallest`, 'min'), column(`${title}: largest`, 'max')];
  });
  return {
    columns: [{ label: 'Round', format: String }, ...columns],
    rows: roundsOf(lines).map((round) => [round, ...columns.map(({ at }) => at(round))]),
  };
}
