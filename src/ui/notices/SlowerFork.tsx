/**
 * After a run whose numbers left the range of floating point: one button that goes on from its last good state at half the rate, as a fork
 * (lab/forks.ts). Absent where nothing of the run was kept.
 */
import { Button } from '@mantine/core';
import { halvedRate } from '../../lab/slower.ts';
import type { LabState, RunState } from '../../lab/state.ts';
import { useLab, useLabActions, useRun } from '../app/lab.tsx';

const selectKept = (state: LabState) => state.library.kept;
const selectRun = (run: RunState) => run;

export function SlowerFork() {
  const run = useRun(selectRun);
  const newest = useLab(selectKept)[run.id]?.moments.at(-1);
  const actions = useLabActions();
  if (newest === undefined) return null;
  const { path, value } = halvedRate(run, run.settings);
  return (
    <Button
      size="compact-sm"
      data-testid="slower"
      onClick={() => void actions.forkRun(run.id, newest.number, path, value)}
    >
      Go on from {newest.words} at half the rate ({value})
    </Button>
  );
}
