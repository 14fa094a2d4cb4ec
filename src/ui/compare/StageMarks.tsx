/**
 * A line where each stage of a study's variants begins, named where the first of them does: a second name would lie over it, and a note
 * under the chart says whose they are.
 */
import { Label, ReferenceLine } from 'recharts';
import type { StageStart } from '../../study/compare.ts';

export function StageMarks({ stages }: { stages: readonly StageStart[] }) {
  return stages.map(({ stage, round }, index) => (
    <ReferenceLine
      key={`${stage}-${round}`}
      x={round - 0.5}
      stroke="var(--lab-line-strong)"
      strokeDasharray="3 3"
      zIndex={-1}
    >
      {stages.findIndex((one) => one.stage === stage) === index ? (
        <Label
          value={`Stage ${stage}`}
          position="insideTopLeft"
          offset={4}
          fill="var(--lab-ink-3)"
          fontSize={10.5}
        />
      ) : null}
    </ReferenceLine>
  ));
}
