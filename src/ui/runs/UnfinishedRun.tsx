/**
 * A run that was under way when its page ended: said once, with the button that lets it go on.
 */
import { Button } from '@mantine/core';
import { History } from 'lucide-react';
import type { LabState } from '../../lab/state.ts';
import { useLab, useLabActions } from '../app/lab.tsx';
import { Notice } from '../notices/Notice.tsx';

const selectUnfinished = (state: LabState) => {
  const [id] = state.library.unfinished;
  return state.runs.find((run) => run.id === id) ?? null;
};
const selectMore = (state: LabState) => state.library.unfinished.length - 1;

export function UnfinishedRun() {
  const run = useLab(selectUnfinished);
  const more = useLab(selectMore);
  const actions = useLabActions();
  if (run === null) return null;
  const where =
    run.checkpoint === null
      ? 'before its first checkpoint, so that it has to begin again'
      : `and is kept up to round ${run.checkpoint.round}`;
  return (
    <Notice
      tone="info"
      icon={History}
      title={`“${run.name}” was interrupted.`}
      testId="unfinished"
      onDismiss={() => actions.dismissUnfinished()}
      actions={
        <Button size="compact-sm" onClick={() => actions.resumeRun(run.id)}>
          Go on
        </Button>
      }
    >
      The page was closed while it trained, {where}.
      {more > 0 ? ` So were ${more} more; they are in the list of runs.` : ''}
    </Notice>
  );
}
