/**
 * What the density chart draws under its data: the collapse zone, the phases of the run, where the density stood after the cold start, and
 * the alarm.
 */
import { Label, ReferenceArea, ReferenceDot, ReferenceLine, usePlotArea } from 'recharts';
import type { CollapseView } from '../../record/runView.ts';
import { formatNumber } from '../app/format.ts';
import type { Domain } from './lines.ts';
import { placeOn } from './plotModel.ts';
import { spanLabel, type PhaseSpan } from './roundAxis.ts';
import type { RoundMap } from './xAxis.ts';

/** The hatching of the collapse zone, for `fill`. */
export function ZonePattern() {
  return (
    <defs>
      <pattern id="lab-zone" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
        <rect width="7" height="7" fill="var(--lab-zone)" />
        <line x1="0" y1="0" x2="0" y2="7" stroke="var(--lab-zone-hatch)" strokeWidth="1.4" />
      </pattern>
    </defs>
  );
}

interface ZoneProps {
  /** Calls below which the zone lies. */
  readonly zoneTop: number;
  /** Top of the y axis, calls. */
  readonly top: number;
}

export function CollapseZone({ zoneTop, top }: ZoneProps) {
  return (
    <>
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
          value={`collapse zone: below ${formatNumber(zoneTop)} ${zoneTop === 1 ? 'call' : 'calls'}`}
          // Where the zone is too thin for the words, they stand above it.
          position={zoneTop < top / 4 ? 'insideBottomRight' : 'insideTopRight'}
          offset={7}
          fill="var(--lab-alarm-ink)"
          fontSize={11}
          fontWeight={600}
        />
      </ReferenceLine>
    </>
  );
}

interface PhasesProps {
  readonly spans: readonly PhaseSpan[];
  /** Of the x axis. */
  readonly domain: Domain;
  readonly toX: RoundMap;
}

/** A line where each phase begins, dashed while it is only planned, and above the plot, where no line crosses it, as much of its name as fits. */
export function PhaseMarks({ spans, domain, toX }: PhasesProps) {
  const place = usePlotArea();
  const marks = spans
    .map((span) => ({ span, at: toX(span.from + 0.5) }))
    .filter(({ at }) => at >= domain[0] && at <= domain[1]);
  return (
    <>
      {marks.map(({ span, at }) => (
        <ReferenceLine
          key={span.name}
          x={at}
          stroke={span.name === 'sft' ? 'none' : 'var(--lab-line-strong)'}
          strokeDasharray={span.begun ? undefined : '3 3'}
          zIndex={-1}
        />
      ))}
      {place === undefined
        ? null
        : marks.map(({ span, at }, index) => {
            const pixels = (x: number) => place.width * placeOn({ domain }, x);
            return (
              <text
                key={span.name}
                x={place.x + pixels(at) + 3}
                y={place.y - 7}
                fill={span.begun ? 'var(--lab-ink-2)' : 'var(--lab-ink-3)'}
                fontSize={11}
                fontWeight={span.begun ? 600 : 450}
              >
                {spanLabel(span, pixels(marks[index + 1]?.at ?? domain[1]) - pixels(at))}
              </text>
            );
          })}
    </>
  );
}

interface ReferenceProps {
  readonly reference: NonNullable<CollapseView['reference']>;
  readonly toX: RoundMap;
  readonly colour: string;
}

/** The density after the cold start, which the collapse rule compares with. */
export function ReferenceMark({ reference, toX, colour }: ReferenceProps) {
  return (
    <ReferenceDot
      x={toX(reference.round)}
      y={reference.density}
      r={4}
      fill="var(--lab-surface)"
      stroke={colour}
      strokeWidth={2}
      ifOverflow="hidden"
    />
  );
}

interface AlarmProps {
  readonly alarm: NonNullable<CollapseView['alarm']>;
  readonly top: number;
  /** Of the x axis. */
  readonly domain: Domain;
  readonly toX: RoundMap;
}

/** Where the alarm went off. The line ends below the phases' names, which it may stand beside. */
export function AlarmMark({ alarm, top, domain, toX }: AlarmProps) {
  return (
    <ReferenceLine
      segment={[
        { x: toX(alarm.round), y: 0 },
        { x: toX(alarm.round), y: top * 0.9 },
      ]}
      stroke="var(--lab-alarm)"
      strokeWidth={2}
    >
      <Label
        value={`▼ collapsed, round ${alarm.round}`}
        position={placeOn({ domain }, toX(alarm.round)) > 0.6 ? 'insideTopRight' : 'insideTopLeft'}
        offset={5}
        fill="var(--lab-alarm-ink)"
        fontSize={12}
        fontWeight={700}
      />
    </ReferenceLine>
  );
}
