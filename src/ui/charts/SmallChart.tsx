/**
 * One small chart: a few lines (or a stack of areas) over rounds or cold-start steps, from a definition.
 *
 * Invariant: it redraws on its turn only (`turns.ts`), from the store's decimated series, and never animates. Lines are areas
 * without a filling: recharts' Line measures its path at every drawing, which forces a layout.
 */
import { memo, useMemo } from 'react';
import { Area, ComposedChart, ReferenceDot, Tooltip, XAxis, YAxis } from 'recharts';
import type { SeriesPoint } from '../../lab/state.ts';
import type { ChartDefinition, PlottedSeries } from './definitions.ts';
import { formatShare } from '../app/format.ts';
import { ChartTooltip } from './ChartTooltip.tsx';
import { axisTop } from './roundAxis.ts';
import { roundTicks } from './plot.ts';
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

const tick = { fill: 'var(--lab-ink-3)', fontSize: 10.5 };
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
      <XAxis
        dataKey="x"
        type="number"
        domain={[0, last]}
        ticks={ticks}
        allowDataOverflow
        height={17}
        tick={tick}
        tickLine={false}
        axisLine={{ stroke: 'var(--lab-line-strong)' }}
      />
      <YAxis
        type="number"
        domain={[0, top]}
        ticks={yTicks}
        allowDataOverflow
        width={38}
        tick={tick}
        tickLine={false}
        axisLine={false}
        tickFormatter={chart.formatTick}
      />
      {shareScale ? (
        <YAxis
          yAxisId="share"
          orientation="right"
          type="number"
          domain={[0, 1]}
          ticks={shareTicks}
          width={30}
          tick={tick}
          tickLine={false}
          axisLine={false}
          tickFormatter={shareTick}
        />
      ) : null}
      {chart.series.map((series) =>
        series.area === true ? (
          <Area
            key={series.metric}
            dataKey={series.metric}
            type="linear"
            stackId={chart.id}
            stroke="none"
            fill={series.colour}
            fillOpacity={1}
            isAnimationActive={false}
            dot={false}
            activeDot={false}
            connectNulls
          />
        ) : (
          <Area
            key={series.metric}
            dataKey={series.metric}
            type="linear"
            fill="none"
            stroke={series.colour}
            strokeWidth={1.75}
            {...(series.dash === undefined ? {} : { strokeDasharray: series.dash })}
            isAnimationActive={false}
            dot={points.length === 1 ? { r: 2.5, fill: series.colour } : false}
            activeDot={{ r: 3 }}
            {...(series.scale === 'share' ? { yAxisId: 'share' } : {})}
            connectNulls
          />
        ),
      )}
      {marks?.map((mark) => (
        <ReferenceDot
          key={`${mark.label}-${mark.x}`}
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
      ))}
      <Tooltip content={tooltip} isAnimationActive={false} cursor={{ stroke: 'var(--lab-line-strong)' }} />
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
