/**
 * A chart with its frame: the lines of all runs, the cursor over them, the figure's menu and table.
 */
import { lazy, Suspense, useCallback, useMemo, type ReactNode } from 'react';
import { ChartFigure } from './ChartFigure.tsx';
import type { ChartRun } from './chartRuns.ts';
import { chartView, useChartView, useCursor, type ChartView } from './chartView.ts';
import type { ChartDefinition } from './definitions.ts';
import type { Band, HollowMark } from './LinesChart.tsx';
import { tableOf } from './numberTable.ts';
import { smallFrame, wideFrame, type PlotFrame } from './plot.ts';
import { plotOf, type Plot } from './plotModel.ts';
import { PlotSurface } from './PlotSurface.tsx';
import { ReadingDots, ReadingRows, readingsAt, readingText } from './readout.tsx';
import styles from './chart.module.css';

/** recharts is the largest part of the page, so it is loaded after the page has opened. */
const LinesChart = lazy(async () => ({ default: (await import('./LinesChart.tsx')).LinesChart }));

/** What a chart draws beside the lines, once there is a plot. */
export interface Extras {
  readonly bands?: readonly Band[];
  readonly marks?: readonly HollowMark[];
  readonly behind?: ReactNode;
  /** More rows in the cursor's box. */
  readonly tell?: (x: number) => ReactNode;
}

interface Props {
  readonly chart: ChartDefinition;
  readonly runs: readonly ChartRun[];
  readonly subtitle?: string;
  /** Large on the page, without a frame of its own. */
  readonly wide?: { readonly frame: PlotFrame; readonly ticks: number; readonly leastTop: number };
  readonly aside?: ReactNode;
  readonly extras?: (plot: Plot) => Extras;
}

const selectAll = (view: ChartView) => view;
/** How a chart is drawn that is not the wide one. */
const small = { ticks: 4, leastTop: 0, pixels: 170 } as const;
const noExtras = (): Extras => ({});

export function LineFigure({ chart, runs, subtitle, wide, aside, extras = noExtras }: Props) {
  const view = useChartView(selectAll);
  const { ticks, leastTop, pixels } = wide === undefined ? small : { ...wide, pixels: 760 };
  const plot = useMemo(
    () =>
      plotOf(runs, chart, {
        view,
        pixels,
        ticks,
        leastTop,
      }),
    [runs, chart, view, pixels, ticks, leastTop],
  );
  const table = useCallback(() => tableOf(runs, chart), [runs, chart]);
  const newest = plot.lines.find(({ focused }) => focused)?.points.at(-1);
  const hasNumbers = plot.lines.some(({ points }) => points.length > 0);
  const log = chart.logHelps
    ? { on: view.log.has(chart.id), toggle: () => chartView.toggleLog(chart.id) }
    : undefined;
  const key = useMemo(
    () => (plot.lines.length > 1 ? plot.lines.map(({ name, style }) => ({ name, style })) : []),
    [plot],
  );
  return (
    <ChartFigure
      id={chart.id}
      title={chart.title}
      help={chart.help}
      table={table}
      pictureKey={key}
      hasNumbers={hasNumbers}
      summary={summaryOf(plot, chart, runs)}
      aside={aside ?? <Value plot={plot} format={chart.format} newest={newest?.y} />}
      draw={(large) => (
        <Drawing
          chart={chart}
          plot={large ? largePlot(runs, chart, view) : plot}
          frame={large ? largeFrame(runs.length > 1, wide?.frame) : (wide?.frame ?? smallFrame)}
          named={(large || wide !== undefined) && runs.length > 1}
          up={!large && wide === undefined}
          extras={extras}
        />
      )}
      {...(subtitle === undefined ? {} : { subtitle })}
      {...(wide === undefined ? {} : { wide: true })}
      {...(log === undefined ? {} : { log })}
    />
  );
}

/** As high above the plot as on the page: names may stand there. */
const largeFrame = (named: boolean, onPage: PlotFrame | undefined): PlotFrame => ({
  ...wideFrame(named, false),
  top: onPage?.top ?? smallFrame.top,
});

const largePlot = (runs: readonly ChartRun[], chart: ChartDefinition, view: ChartView) =>
  plotOf(runs, chart, { view, pixels: 900, ticks: 8 });

function summaryOf(plot: Plot, { format }: ChartDefinition, runs: readonly ChartRun[]): string {
  const ends = plot.lines.flatMap(({ name, points }) => {
    const last = points.at(-1);
    return last === undefined ? [] : [`${name}: ${format(last.y)}`];
  });
  if (ends.length === 0) return 'No numbers yet.';
  const missing = plot.missing.length === 0 ? '' : ` Not on this axis: ${plot.missing.join(', ')}.`;
  return `Newest value${ends.length === 1 && runs.length === 1 ? '' : 's'}: ${ends.join('; ')}.${missing}`;
}

/** The focused run's number at the cursor, or else its newest. */
function Value({
  plot,
  format,
  newest,
}: {
  plot: Plot;
  format: (y: number) => string;
  newest: number | undefined;
}) {
  const at = useCursor((cursor) => (cursor !== null && cursor.axis === plot.axis ? cursor.x : null));
  const there =
    at === null
      ? undefined
      : readingsAt(plot, at).find(({ line }) => line.focused || plot.lines.length === 1);
  const value = there?.point.y ?? newest;
  return value === undefined ? null : (
    <span className={styles.value} data-at-cursor={there !== undefined}>
      {format(value)}
    </span>
  );
}

interface DrawingProps {
  readonly chart: ChartDefinition;
  readonly plot: Plot;
  readonly frame: PlotFrame;
  readonly named: boolean;
  readonly up: boolean;
  readonly extras: (plot: Plot) => Extras;
}

function Drawing({ chart, plot, frame, named, up, extras }: DrawingProps) {
  const { bands, marks, behind, tell } = useMemo(() => extras(plot), [extras, plot]);
  const xs = useMemo(
    () => [...new Set(plot.lines.flatMap(({ points }) => points.map(({ x }) => x)))].sort((a, b) => a - b),
    [plot],
  );
  return (
    <>
      <Suspense fallback={null}>
        <LinesChart
          title={chart.title}
          plot={plot}
          frame={frame}
          named={named}
          {...(bands === undefined ? {} : { bands })}
          {...(marks === undefined ? {} : { marks })}
        >
          {behind}
        </LinesChart>
      </Suspense>
      <PlotSurface
        chart={chart.id}
        title={chart.title}
        axis={plot.axis}
        x={plot.x}
        xs={xs}
        frame={frame}
        up={up}
        read={(x) => readingText(readingsAt(plot, x), chart.format)}
        tell={(x) => (
          <ReadingRows readings={readingsAt(plot, x)} format={chart.format}>
            {tell?.(x)}
          </ReadingRows>
        )}
        mark={(x) => <ReadingDots plot={plot} x={x} />}
      />
    </>
  );
}
