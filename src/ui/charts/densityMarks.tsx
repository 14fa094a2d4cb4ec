/**
 * What the density chart draws under its data: the collapse zone, the phases of the run, where the density stood after the cold start, and
 * the alarm.
 */
import { Label, type LabelProps, ReferenceArea, ReferenceDot, ReferenceLine } from 'recharts';
import type { CollapseView } from '../../record/runView.ts';
import { formatNumber } from '../app/format.ts';
import type { PhaseSpan } from './roundAxis.ts';
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
  /** The last round of the x axis. */
  readonly end: number;
  readonly narrow: boolean;
  readonly toX: RoundMap;
}

/** A line where each phase begins, with the phase's name; dashed while it is only planned. */
export function PhaseMarks({ spans, end, narrow, toX }: PhasesProps) {
  return spans.map((span, index) => (
    <ReferenceLine
      key={span.name}
      x={toX(span.from + 0.5)}
      stroke={index === 0 ? 'none' : 'var(--lab-line-strong)'}
      strokeDasharray={span.begun ? undefined : '3 3'}
      zIndex={-1}
    >
      <Label
        content={({ viewBox }) => (
          <PhaseName viewBox={viewBox} begun={span.begun} name={spanLabel(span, end, narrow)} />
        )}
      />
    </ReferenceLine>
  ));
}

/** Above the plot, where no line crosses it. */
function PhaseName({
  viewBox,
  begun,
  name,
}: {
  readonly viewBox: LabelProps['viewBox'];
  readonly begun: boolean;
  readonly name: string;
}) {
  if (viewBox === undefined || !('x' in viewBox)) return null;
  return (
    <text
      x={(viewBox.x ?? 0) + 3}
      y={(viewBox.y ?? 0) - 7}
      fill={begun ? 'var(--lab-ink-2)' : 'var(--lab-ink-3)'}
      fontSize={11}
      fontWeight={begun ? 600 : 450}
    >
      {name}
    </text>
  );
}

/** The phase's name, and that its problems are longer where they are; shortened where its place on the axis is small. */
function spanLabel({ name, label, from, to, lengthens }: PhaseSpan, end: number, narrow: boolean): string {
  const share = (to - from) / end;
  // Two figures' room on a phone would have it run into the next name.
  if (name === 'sft' && narrow && share < 0.12) return '';
  const longer = lengthens === null ? '' : ` · longer problems: ${lengthens} steps`;
  if (share < (narrow ? 0.34 : 0.13))
    return { sft: 'SFT', stage1: '1', stage2: '2' }[name] + (longer === '' ? '' : ' ↗');
  if (narrow) return `${label.replace('GRPO stage', 'Stage')}${longer === '' ? '' : ' ↗'}`;
  return share < 0.3 && longer !== '' ? `${label} ↗ ${lengthens} steps` : `${label}${longer}`;
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
  readonly end: number;
  readonly toX: RoundMap;
}

/** Where the alarm went off. The line ends below the phases' names, which it may stand beside. */
export function AlarmMark({ alarm, top, end, toX }: AlarmProps) {
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
        position={alarm.round > end * 0.6 ? 'insideTopRight' : 'insideTopLeft'}
        offset={5}
        fill="var(--lab-alarm-ink)"
        fontSize={12}
        fontWeight={700}
      />
    </ReferenceLine>
  );
}
