/**
 * The chart the lab is about: tool calls per trajectory over the run, with the collapse zone under it.
 *
 * Invariant: everything drawn comes from the props; the component is memoised and holds no state, and nothing animates.
 * The zone, the phases and the alarm are drawn before the data, so the line is always on top.
 */
import { memo, useMemo } from 'react';
import {
  Area,
  ComposedChart,
  Label,
  ReferenceArea,
  ReferenceDot,
  ReferenceLine,
  Tooltip,
  XAxis,
  YAxis,
} from 'recharts';
import type { SeriesPoint } from '../../record/metricSeries.ts';
import type { CollapseView } from '../../record/runView.ts';
import { formatNumber } from '../app/format.ts';
import { ChartTooltip, type TooltipLine } from './ChartTooltip.tsx';
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
  /** Calls below which the zone lies: the run's threshold, or the setting's before there is one. */
  readonly zoneTop: number;
  readonly narrow: boolean;
}

interface DensityPoint {
  readonly x: number;
  readonly mean?: number | undefined;
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

/** The phase's name, as short as its place on the axis asks. */
function spanLabel({ name, label, from, to }: PhaseSpan, end: number, narrow: boolean): string {
  const share = (to - from) / end;
  if (share < (narrow ? 0.34 : 0.13)) return { sft: 'SFT', stage1: '1', stage2: '2' }[name];
  return narrow ? label.replace('GRPO stage', 'Stage') : label;
}

export const DensityChart = memo(function DensityChart({ rounds, spans, collapse, zoneTop, narrow }: Props) {
  const points = useMemo(() => densityPoints(rounds), [rounds]);
  const end = lastPlannedRound(spans);
  const highest = points.reduce((high, point) => Math.max(high, point.p75 ?? 0, point.mean ?? 0), 0);
  const top = axisTop(highest, points.length === 0 ? Math.max(4, zoneTop * 2) : Math.max(2, zoneTop * 1.5));
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
      <defs>
        <pattern
          id="lab-zone"
          width="7"
          height="7"
          patternUnits="userSpaceOnUse"
          patternTransform="rotate(45)"
        >
          <rect width="7" height="7" fill="var(--lab-zone)" />
          <line x1="0" y1="0" x2="0" y2="7" stroke="var(--lab-zone-hatch)" strokeWidth="1.4" />
        </pattern>
      </defs>
      <XAxis {...xAxis} domain={domain} ticks={ticks} height={22} tick={tick} />
      <YAxis {...yAxis} domain={[0, top]} width={yAxisWidth} ticks={yTicks} tick={tick} />
      <ReferenceArea
        y1={0}
        y2={Math.min(zoneTop, top)}
        fill="url(#lab-zone)"
        fillOpacity={1}
        ifOverflow="hidden"
        zIndex={-2}
      />
      <ReferenceLine
        y={zoneTop}
        stroke="var(--lab-vermillion)"
        strokeDasharray="2 4"
        strokeWidth={1.2}
        zIndex={-1}
      >
        <Label
          value={`collapse zone: below ${formatNumber(zoneTop)} calls`}
          // A zone too thin for its words has them above it.
          position={zoneTop < top / 6 ? 'insideBottomRight' : 'insideTopRight'}
          offset={7}
          fill="var(--lab-alarm-ink)"
          fontSize={11}
          fontWeight={600}
        />
      </ReferenceLine>
      {spans.map((span, index) => (
        <ReferenceLine
          key={span.name}
          x={span.from + 0.5}
          stroke={index === 0 ? 'none' : 'var(--lab-line-strong)'}
          strokeDasharray={span.begun ? undefined : '3 3'}
          zIndex={-1}
        >
          <Label
            value={spanLabel(span, end, narrow)}
            position="insideTopLeft"
            offset={5}
            fill={span.begun ? 'var(--lab-ink-2)' : 'var(--lab-ink-3)'}
            fontSize={11}
            fontWeight={span.begun ? 600 : 450}
          />
        </ReferenceLine>
      ))}
      {collapse.reference === null ? null : (
        <ReferenceDot
          x={collapse.reference.round}
          y={collapse.reference.density}
          r={4}
          fill="var(--lab-surface)"
          stroke="var(--lab-blue)"
          strokeWidth={2}
          ifOverflow="hidden"
        />
      )}
      {collapse.alarm === null ? null : (
        // It ends below the phases' names, which it may stand beside.
        <ReferenceLine
          segment={[
            { x: collapse.alarm.round, y: 0 },
            { x: collapse.alarm.round, y: top * 0.9 },
          ]}
          stroke="var(--lab-alarm)"
          strokeWidth={2}
        >
          <Label
            value={`▼ collapsed, round ${collapse.alarm.round}`}
            position={collapse.alarm.round > end * 0.6 ? 'insideTopRight' : 'insideTopLeft'}
            offset={5}
            fill="var(--lab-alarm-ink)"
            fontSize={12}
            fontWeight={700}
          />
        </ReferenceLine>
      )}
      <Area dataKey="band" {...ground} fill="var(--lab-band)" fillOpacity={1} />
      {/* An area without a filling draws the same line, without measuring its length at every drawing as Line does. */}
      <Area
        dataKey="mean"
        {...area}
        fill="none"
        stroke="var(--lab-blue)"
        strokeWidth={2.25}
        dot={points.length === 1 ? { r: 3, fill: 'var(--lab-blue)' } : false}
        activeDot={{ r: 4 }}
      />
      {newest?.mean === undefined ? null : (
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
