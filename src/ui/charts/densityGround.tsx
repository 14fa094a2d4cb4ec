/**
 * What lies behind the density chart's lines, for the run in focus: zone, phases, reference and alarm, where they are on the chosen x.
 */
import type { CollapseView } from '../../record/runView.ts';
import { AlarmMark, CollapseZone, PhaseMarks, ReferenceMark, ZonePattern } from './densityMarks.tsx';
import type { Domain } from './lines.ts';
import type { PhaseSpan } from './roundAxis.ts';
import type { RoundMap } from './xAxis.ts';

interface Props {
  readonly spans: readonly PhaseSpan[];
  readonly collapse: CollapseView;
  /** Calls below which the zone lies. */
  readonly zoneTop: number | null;
  /** Top of the y axis, calls. */
  readonly top: number;
  /** Of the x axis. */
  readonly domain: Domain;
  /** Of the run in focus; null where it has no place on the axis, and neither have its phases. */
  readonly toX: RoundMap | null;
  readonly colour: string;
}

export function DensityGround({ spans, collapse, zoneTop, top, domain, toX, colour }: Props) {
  return (
    <>
      <ZonePattern />
      {zoneTop === null ? null : <CollapseZone zoneTop={zoneTop} top={top} />}
      {toX === null ? null : (
        <>
          <PhaseMarks spans={spans} domain={domain} toX={toX} />
          {collapse.reference === null ? null : (
            <ReferenceMark reference={collapse.reference} toX={toX} colour={colour} />
          )}
          {collapse.alarm === null ? null : (
            <AlarmMark alarm={collapse.alarm} top={top} domain={domain} toX={toX} />
          )}
        </>
      )}
    </>
  );
}
