/**
 * The chart the lab is about: tool calls per trajectory over the run, with the collapse zone under it.
 *
 * Everything drawn comes from the props, and nothing animates. The zone, the phases and the alarm (`densityMarks.tsx`) are drawn before
 * the data, so that the line is always on top.
 */
import { memo, useMemo } from 'react';
import { Area, ComposedChart, ReferenceDot, Tooltip, XAxis, YAxis } from 'recharts';
import type { SeriesPoint } from '../../record/metricSeries.ts';
import type { CollapseView } from '../../record/runView.ts';
import { formatNumber } from '../app/format.ts';
import { ChartTooltip, type TooltipLine } from './ChartTooltip.tsx';
import { AlarmMark, CollapseZone, PhaseMarks, ReferenceMark, ZonePattern } from './densityMarks.tsx';
import { axisTicks, axisTop, lastPlannedRound, phaseAt, type PhaseSpan } from './roundAxis.ts';
import {
  area,
  cursor,
  ground,
  plotMargin,
  roundDomain,
  roundTicks,
  tickLabel,
  xAxis,
  yAxis,
  yAxisWidth,
} from './plot.ts';

interface Props {
  readonly rounds: readonly SeriesPoint[];
  readonly spans: readonly PhaseSpan[];
  readonly collapse: CollapseView;
  /** Calls below which the zone lies; null before the run has a reference to measure it from. */
  readonly zoneTop: number | null;
  readonly narrow: boolean;
}

interface DensityPoint {
  readonly x: number;
  readonly mean: number;
  readonly p25?: number | undefined;
  readonly p75?: number | undefined;
  readonly band?: readonly [number, number];
}

const tooltipLines: readonly TooltipLine[] = [
  { key: 'mean', label: 'Mean', colour: 'var(--lab-blue)', format: formatNumber },
  { key: 'p75', label: '75th percentile', colour: 'var(--lab-band)', format: formatNumber },
  { key: 'p25', label: '25th percentile', colour: 'var(--lab-band)', format: formatNumber },
];

const tick = tickLabel(11);

function densityPoints(rounds: readonly SeriesPoint[]): DensityPoint[] {
  return rounds.flatMap((point) => {
    const mean = point['tool_use/avg_tool_calls_per_trajectory'];
    if (mean === undefined) return [];
    const p25 = point['tool_use/p25'];
    const p75 = point['tool_use/p75'];
    return [
      p25 === undefined || p75 === undefined
        ? { x: point.x, mean, p25, p75 }
        : { x: point.x, mean, p25, p75, band: [p25, p75] as const },
    ];
  });
}

/** The top of the y axis: above the data and the zone, with room before there are data. */
function chartTop(points: readonly DensityPoint[], zoneTop: number | null): number {
  const highest = points.reduce((high, { mean, p75 }) => Math.max(high, mean, p75 ?? 0), 0);
  return axisTop(highest, points.length === 0 ? 4 : Math.max(2, (zoneTop ?? 0) * 1.5));
}

export const DensityChart = memo(function DensityChart({ rounds, spans, collapse, zoneTop, narrow }: Props) {
  const points = useMemo(() => densityPoints(rounds), [rounds]);
  const end = lastPlannedRound(spans);
  const top = chartTop(points, zoneTop);
  const yTicks = useMemo(() => axisTicks(top), [top]);
  const newest = points.at(-1);
  const domain = useMemo(() => roundDomain(end), [end]);
  const ticks = useMemo(() => roundTicks(end, narrow ? 4 : 8).slice(1), [end, narrow]);
  const tooltip = useMemo(
    () => (
      <ChartTooltip lines={tooltipLines} heading={(x) => `Round ${x} · ${phaseAt(spans, x)?.label ?? ''}`} />
    ),
    [spans],
  );
  return (
    <ComposedChart
      responsive
      data={points}
      margin={plotMargin}
      style={{ width: '100%', height: '100%' }}
      title="Tool calls per trajectory"
    >
      <ZonePattern />
      <XAxis {...xAxis} domain={domain} ticks={ticks} height={22} tick={tick} />
      <YAxis {...yAxis} domain={[0, top]} width={yAxisWidth} ticks={yTicks} tick={tick} />
      {zoneTop === null ? null : <CollapseZone zoneTop={zoneTop} top={top} />}
      <PhaseMarks spans={spans} end={end} narrow={narrow} />
      {collapse.reference === null ? null : <ReferenceMark reference={collapse.reference} />}
      {collapse.alarm === null ? null : <AlarmMark alarm={collapse.alarm} top={top} end={end} />}
      <Area dataKey="band" {...ground} fill="var(--lab-band)" fillOpacity={1} />
      {/* An area without a fill: recharts' Line measures its path at every drawing, which forces a layout. */}
      <Area
        dataKey="mean"
        {...area}
        fill="none"
        stroke="var(--lab-blue)"
        strokeWidth={2.25}
        dot={points.length === 1 ? { r: 3, fill: 'var(--lab-blue)' } : false}
        activeDot={{ r: 4 }}
      />
      {newest === undefined ? null : (
        <ReferenceDot
          x={newest.x}
          y={newest.mean}
          r={4}
          fill="var(--lab-blue)"
          stroke="var(--lab-surface)"
          strokeWidth={1.5}
          ifOverflow="hidden"
        />
      )}
      <Tooltip content={tooltip} isAnimationActive={false} cursor={cursor} />
    </ComposedChart>
  );
});
