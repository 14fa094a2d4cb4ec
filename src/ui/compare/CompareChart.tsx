/**
 * A metric by rollout round: a line for each variant, the mean over its seeds, with a band from the smallest to the largest.
 * It never animates; the figure around it holds the same numbers as a table.
 */
import { memo, useMemo } from 'react';
import { Area, ComposedChart, Label, ReferenceLine, Tooltip, XAxis, YAxis } from 'recharts';
import type { BandPoint, StageStart } from '../../study/compare.ts';
import type { MetricDefinition } from '../../metrics/registry.ts';
import { formatMetric } from '../app/format.ts';
import { ChartTooltip } from '../charts/ChartTooltip.tsx';
import { area, cursor, ground, roundDomain, roundTicks, tickLabel, xAxis, yAxis } from '../charts/plot.ts';
import { axisTicks, axisTop } from '../charts/roundAxis.ts';
import type { VariantStyle } from './variantStyle.ts';

export interface DrawnLine {
  readonly name: string;
  readonly title: string;
  readonly style: VariantStyle;
  readonly points: readonly BandPoint[];
}

interface Props {
  readonly lines: readonly DrawnLine[];
  readonly stages: readonly StageStart[];
  readonly metric: MetricDefinition;
}

type Row = Record<string, number | readonly [number, number]> & { readonly x: number };

const tick = tickLabel(10.5);
const margin = { top: 5, right: 8, bottom: 0, left: 0 };

/** recharts wants one row per round with the values of all lines; the lines may have different rounds. */
function rowsOf(lines: readonly DrawnLine[]): readonly Row[] {
  const rows = new Map<number, Row>();
  for (const { name, points } of lines) {
    for (const { x, mean, min, max } of points) {
      const row: Row = rows.get(x) ?? { x };
      row[name] = mean;
      row[`${name} band`] = [min, max];
      rows.set(x, row);
    }
  }
  return [...rows.values()].sort((a, b) => a.x - b.x);
}

export const CompareChart = memo(function CompareChart({ lines, stages, metric }: Props) {
  const { unit, label } = metric;
  const rows = useMemo(() => rowsOf(lines), [lines]);
  const highest = Math.max(0, ...lines.flatMap(({ points }) => points.map(({ max }) => max)));
  const share = unit === 'share';
  const top = share ? 1 : axisTop(highest, unit === 'nats' ? 0.1 : 1);
  const ticks = useMemo(() => (share ? [0, 0.25, 0.5, 0.75, 1] : axisTicks(top)), [share, top]);
  const end = Math.max(1, rows.at(-1)?.x ?? 1);
  const tooltip = useMemo(
    () => (
      <ChartTooltip
        lines={lines.map(({ name, title, style }) => ({
          key: name,
          label: title,
          colour: style.colour,
          format: (value) => formatMetric(value, unit),
        }))}
        heading={(x) => `Round ${x} · mean over seeds`}
      />
    ),
    [lines, unit],
  );
  return (
    <ComposedChart
      responsive
      data={rows}
      margin={margin}
      style={{ width: '100%', height: '100%' }}
      title={label}
    >
      <XAxis
        {...xAxis}
        domain={roundDomain(end)}
        ticks={roundTicks(end, 6).slice(1)}
        height={18}
        tick={tick}
      />
      <YAxis
        {...yAxis}
        domain={[0, top]}
        ticks={ticks}
        width={36}
        tick={tick}
        tickFormatter={(value: number) => (share ? `${value * 100}%` : String(+value.toPrecision(2)))}
      />
      {stages.map(({ stage, round }) => (
        <ReferenceLine
          key={`${stage}-${round}`}
          x={round - 0.5}
          stroke="var(--lab-line-strong)"
          strokeDasharray="3 3"
          zIndex={-1}
        >
          <Label
            value={`Stage ${stage}`}
            position="insideTopLeft"
            offset={4}
            fill="var(--lab-ink-3)"
            fontSize={10.5}
          />
        </ReferenceLine>
      ))}
      {lines.map(({ name, style }) => (
        <Area
          key={`${name} band`}
          dataKey={`${name} band`}
          {...ground}
          fill={style.colour}
          fillOpacity={0.14}
        />
      ))}
      {/* Areas without a fill: DensityChart says why. */}
      {lines.map(({ name, style, points }) => (
        <Area
          key={name}
          dataKey={name}
          {...area}
          fill="none"
          stroke={style.colour}
          strokeWidth={2}
          {...(style.dash === undefined ? {} : { strokeDasharray: style.dash })}
          dot={points.length === 1 ? { r: 3, fill: style.colour } : false}
          activeDot={{ r: 3 }}
        />
      ))}
      <Tooltip content={tooltip} isAnimationActive={false} cursor={cursor} />
    </ComposedChart>
  );
});
