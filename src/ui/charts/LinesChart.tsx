/**
 * The drawing of a chart: axes, a line for each run, and a marker at its end, with the run's name where there is room.
 *
 * It draws what it is given, holds no state and never animates. Lines are areas without a fill, since recharts' Line measures its path at
 * every drawing, which forces a layout. What the pointer and the keyboard do is PlotSurface's.
 */
import { memo, useMemo, type ReactNode } from 'react';
import { Area, ComposedChart, usePlotArea, XAxis, YAxis } from 'recharts';
import { markerPath } from '../app/runStyle.ts';
import { placeOn, type Plot, type PlotLine } from './plotModel.ts';
import { rowsOf, type LinePoint, type Row } from './lines.ts';
import { shortNames } from './shortNames.ts';
import { area, ground, tickLabel, xAxis, yAxis, type PlotFrame } from './plot.ts';

export interface Band {
  readonly points: readonly { readonly x: number; readonly band: readonly [number, number] }[];
  readonly colour: string;
}

/** One of the lines that a line is the mean of. */
export interface Strand {
  readonly points: readonly LinePoint[];
  readonly colour: string;
}

export interface HollowMark {
  readonly x: number;
  readonly y: number;
  readonly line: PlotLine;
}

interface Props {
  readonly title: string;
  readonly plot: Plot;
  readonly frame: PlotFrame;
  /** Names at the lines' ends. */
  readonly named: boolean;
  readonly bands?: readonly Band[];
  readonly strands?: readonly Strand[];
  readonly marks?: readonly HollowMark[];
  /** Drawn behind the lines. */
  readonly children?: ReactNode;
}

const tick = tickLabel();
const fill = { width: '100%', height: '100%' } as const;
/** Of what a line was made from: seeds, or values before they were smoothed. */
const thin = { ...area, fill: 'none', strokeWidth: 1, dot: false, activeDot: false } as const;

export const LinesChart = memo(function LinesChart({
  title,
  plot,
  frame,
  named,
  bands,
  strands,
  marks,
  children,
}: Props) {
  const { lines, x, y } = plot;
  const rows = useMemo(() => chartRows(lines, bands ?? [], strands ?? []), [lines, bands, strands]);
  const margin = useMemo(
    () => ({ top: frame.top, right: frame.right, bottom: 0, left: 0 }),
    [frame.top, frame.right],
  );
  // The run in focus is drawn last, over the others.
  const inOrder = useMemo(() => [...lines].sort((a, b) => Number(a.focused) - Number(b.focused)), [lines]);
  return (
    <ComposedChart
      responsive
      accessibilityLayer={false}
      data={rows}
      margin={margin}
      style={fill}
      title={title}
    >
      <XAxis
        {...xAxis}
        domain={x.domain}
        ticks={x.ticks}
        tickFormatter={x.format}
        height={frame.bottom}
        tick={tick}
      />
      <YAxis
        {...yAxis}
        scale={y.log ? 'log' : 'linear'}
        domain={y.domain}
        ticks={y.ticks}
        tickFormatter={y.format}
        width={frame.left}
        tick={tick}
      />
      {children}
      {bands?.map(({ colour }, index) => (
        <Area
          key={`band${index}`}
          dataKey={`band${index}`}
          {...ground}
          fill={colour}
          fillOpacity={strands?.length ? 0.1 : 0.16}
        />
      ))}
      {strands?.map(({ colour }, index) => (
        <Area
          key={`strand${index}`}
          dataKey={`strand${index}`}
          {...thin}
          stroke={colour}
          strokeOpacity={0.75}
        />
      ))}
      {inOrder.map(({ key, style, raw }) =>
        raw.length === 0 ? null : (
          <Area
            key={`${key} raw`}
            dataKey={`${key} raw`}
            {...thin}
            stroke={style.colour}
            strokeOpacity={0.35}
          />
        ),
      )}
      {inOrder.map(({ key, style, focused, drawn }) => (
        <Area
          key={key}
          dataKey={key}
          {...area}
          fill="none"
          stroke={style.colour}
          strokeWidth={focused && lines.length > 1 ? 2.5 : 2}
          {...(style.dash === undefined ? {} : { strokeDasharray: style.dash })}
          dot={drawn.length === 1 ? { r: 2, fill: style.colour } : false}
          activeDot={false}
        />
      ))}
      <Ends plot={plot} named={named} room={frame.right} marks={marks ?? []} />
    </ComposedChart>
  );
});

function chartRows(lines: readonly PlotLine[], bands: readonly Band[], strands: readonly Strand[]): Row[] {
  const rows = rowsOf([
    ...lines.flatMap(({ key, drawn, raw }) => [
      { key, points: drawn },
      { key: `${key} raw`, points: raw },
    ]),
    ...strands.map(({ points }, index) => ({ key: `strand${index}`, points })),
  ]);
  if (bands.length === 0) return rows;
  type Joined = Record<string, number | readonly [number, number]> & { x: number };
  const byX = new Map<number, Joined>(rows.map((row) => [row.x, { ...row }]));
  bands.forEach(({ points }, index) => {
    for (const { x, band } of points) {
      const row: Joined = byX.get(x) ?? { x };
      row[`band${index}`] = band;
      byX.set(x, row);
    }
  });
  return [...byX.values()].sort((a, b) => a.x - b.x);
}

/** Between two names, and between a plot and its names, pixels. */
const nameHeight = 13;
const nameGap = 10;

/** Markers where lines end, their names beside them, moved apart; and hollow marks where something was measured apart. */
function Ends({
  plot,
  named,
  room,
  marks,
}: {
  readonly plot: Plot;
  readonly named: boolean;
  /** Beside the plot, pixels. */
  readonly room: number;
  readonly marks: readonly HollowMark[];
}) {
  const place = usePlotArea();
  if (place === undefined) return null;
  const at = (x: number, y: number) => ({
    x: place.x + place.width * placeOn(plot.x, x),
    y: place.y + place.height * (1 - Math.min(1, Math.max(0, placeOn(plot.y, y)))),
  });
  const inside = ({ x }: { x: number }) => x >= plot.x.domain[0] && x <= plot.x.domain[1];
  const ends = plot.lines.flatMap((line) => {
    const last = line.drawn.findLast(inside);
    return last === undefined ? [] : [{ line, ...at(last.x, last.y) }];
  });
  const labels = named ? spread(ends, place.y, place.y + place.height) : [];
  const names = shortNames(
    labels.map(({ line }) => line.name),
    room - nameGap,
  );
  return (
    <g className="lab-ends">
      {marks.filter(inside).map(({ line, x, y }, index) => {
        const point = at(x, y);
        return (
          <path
            key={index}
            d={markerPath(line.style.marker, point.x, point.y, 3.5)}
            fill="var(--lab-surface)"
            stroke={line.style.colour}
            strokeWidth={1.75}
          />
        );
      })}
      {ends.map(({ line, x, y }) => (
        <path
          key={line.key}
          d={markerPath(line.style.marker, x, y, 3.5)}
          fill={line.style.colour}
          stroke="var(--lab-surface)"
          strokeWidth={1}
        />
      ))}
      {labels.map(({ line, x, y, labelY }, i) => (
        <g key={line.key}>
          {Math.abs(labelY - y) > 6 || x < place.x + place.width - 2 * nameGap ? (
            <path
              d={`M${x + 5} ${y}L${place.x + place.width + 8} ${labelY}`}
              stroke={line.style.colour}
              strokeWidth={1}
              // Across the plot it must not be taken for a line of numbers.
              strokeDasharray={x < place.x + place.width - 2 * nameGap ? '1 4' : undefined}
              fill="none"
            />
          ) : null}
          <text
            x={place.x + place.width + nameGap}
            y={labelY}
            dy="0.35em"
            fill="var(--lab-ink)"
            fontSize={11.5}
            fontWeight={line.focused ? 600 : 450}
          >
            {names[i]}
          </text>
        </g>
      ))}
    </g>
  );
}

interface End {
  readonly line: PlotLine;
  readonly x: number;
  readonly y: number;
}

/** Names as near to their ends as they can be without touching. */
export function spread(
  ends: readonly End[],
  top: number,
  bottom: number,
): (End & { readonly labelY: number })[] {
  const placed = [...ends].sort((a, b) => a.y - b.y).map((end) => ({ ...end, labelY: end.y }));
  let floor = top + nameHeight / 2;
  for (const end of placed) {
    end.labelY = Math.max(end.labelY, floor);
    floor = end.labelY + nameHeight;
  }
  let ceiling = bottom - nameHeight / 2;
  for (const end of placed.toReversed()) {
    end.labelY = Math.min(end.labelY, ceiling);
    ceiling = end.labelY - nameHeight;
  }
  return placed;
}
