/**
 * One small chart: a few lines (or a stack of areas) over rounds or cold-start steps, from a definition.
 *
 * It draws what it is given and never animates. Lines are areas without a fill, since recharts' Line measures its path at every drawing,
 * which forces a layout.
 */
import { memo, useMemo } from 'react';
import { Area, ComposedChart, ReferenceDot, Tooltip, XAxis, YAxis } from 'recharts';
import type { SeriesPoint } from '../../record/metricSeries.ts';
import type { ChartDefinition, PlottedSeries } from './definitions.ts';
import { formatShare } from '../app/format.ts';
import { ChartTooltip } from './ChartTooltip.tsx';
import { axisTop } from './roundAxis.ts';
import { area, cursor, ground, roundTicks, tickLabel, xAxis, yAxis } from './plot.ts';
import { markerPath, type Marker } from './ChartFigure.tsx';

export interface MarkedPoint {
  readonly x: number;
  readonly y: number;
  readonly colour: string;
  readonly marker: Marker;
  readonly label: string;
}

interface Props {
  readonly chart: ChartDefinition;
  readonly points: readonly SeriesPoint[];
  /** The x axis ends here, or at the data's end if that is later. */
  readonly end: number;
  readonly marks?: readonly MarkedPoint[] | undefined;
}

const tick = tickLabel(10.5);
const shareTicks = [0, 0.5, 1];
const shareTick = (value: number) => `${value * 100}%`;
const margin = { top: 5, right: 8, bottom: 0, left: 0 };

export const SmallChart = memo(function SmallChart({ chart, points, end, marks }: Props) {
  const last = Math.max(end, points.at(-1)?.x ?? 0);
  const ticks = useMemo(() => roundTicks(last, 3), [last]);
  const tooltip = useMemo(
    () => (
      <ChartTooltip
        lines={chart.series.map(({ metric, label, colour, scale }) => ({
          key: metric,
          label,
          colour,
          format: scale === 'share' ? formatShare : chart.format,
        }))}
        heading={(x) => `${chart.source === 'sft' ? 'Step' : 'Round'} ${x}`}
      />
    ),
    [chart],
  );
  const top = chart.top ?? axisTop(highest(points, chart.series), chart.leastTop);
  const shareScale = chart.series.some(({ scale }) => scale === 'share');
  const yTicks = useMemo(() => [0, top / 2, top], [top]);
  return (
    <ComposedChart
      responsive
      data={points}
      margin={margin}
      style={{ width: '100%', height: '100%' }}
      title={chart.title}
    >
      <XAxis {...xAxis} domain={[0, last]} ticks={ticks} height={17} tick={tick} />
      <YAxis
        {...yAxis}
        domain={[0, top]}
        ticks={yTicks}
        width={38}
        tick={tick}
        tickFormatter={chart.formatTick}
      />
      {shareScale ? (
        <YAxis
          yAxisId="share"
          orientation="right"
          {...yAxis}
          domain={[0, 1]}
          ticks={shareTicks}
          width={30}
          tick={tick}
          tickFormatter={shareTick}
        />
      ) : null}
      {chart.series.map((series) =>
        series.area === true ? (
          <StackedArea key={series.metric} series={series} stack={chart.id} />
        ) : (
          <SeriesLine key={series.metric} series={series} alone={points.length === 1} />
        ),
      )}
      {marks?.map((mark) => (
        <Mark key={`${mark.label}-${mark.x}`} mark={mark} />
      ))}
      <Tooltip content={tooltip} isAnimationActive={false} cursor={cursor} />
    </ComposedChart>
  );
});

function highest(points: readonly SeriesPoint[], series: readonly PlottedSeries[]): number {
  let high = 0;
  for (const point of points)
    for (const { metric, scale } of series)
      if (scale === undefined) high = Math.max(high, point[metric] ?? 0);
  return high;
}

function StackedArea({ series, stack }: { series: PlottedSeries; stack: string }) {
  return <Area dataKey={series.metric} {...ground} stackId={stack} fill={series.colour} fillOpacity={1} />;
}

/** @param alone there is one point, which no line would show */
function SeriesLine({ series, alone }: { series: PlottedSeries; alone: boolean }) {
  const { metric, colour, dash, scale } = series;
  return (
    <Area
      dataKey={metric}
      {...area}
      fill="none"
      stroke={colour}
      strokeWidth={1.75}
      {...(dash === undefined ? {} : { strokeDasharray: dash })}
      dot={alone ? { r: 2.5, fill: colour } : false}
      activeDot={{ r: 3 }}
      {...(scale === 'share' ? { yAxisId: 'share' } : {})}
    />
  );
}

function Mark({ mark }: { mark: MarkedPoint }) {
  return (
    <ReferenceDot
      x={mark.x}
      y={mark.y}
      r={4}
      ifOverflow="hidden"
      shape={(dot: { cx?: number; cy?: number }) => (
        <path
          d={markerPath(mark.marker, dot.cx ?? 0, dot.cy ?? 0, 4)}
          fill={mark.colour}
          stroke="var(--lab-surface)"
          strokeWidth={1}
        />
      )}
    />
  );
}
