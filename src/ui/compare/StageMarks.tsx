/**
 * A line where each stage of a study's variants begins.
 */
import { Label, ReferenceLine } from 'recharts';
import type { StageStart } from '../../study/compare.ts';

export function StageMarks({ stages }: { stages: readonly StageStart[] }) {
  return stages.map(({ stage, round }) => (
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
  ));
}
