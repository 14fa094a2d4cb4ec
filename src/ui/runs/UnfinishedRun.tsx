/**
 * Runs that were under way when their page ended: said once, with a button for each that lets it go on, and one for all of them.
 */
import { Button } from '@mantine/core';
import { History } from 'lucide-react';
import { placeName } from '../../lab/failures.ts';
import type { LabState, RunState } from '../../lab/state.ts';
import { useLab, useLabActions } from '../app/lab.tsx';
import { Notice } from '../notices/Notice.tsx';
import { RunSwatch } from './RunSwatch.tsx';
import styles from './runs.module.css';

const selectUnfinished = (state: LabState) => state.library.unfinished;
const selectRuns = (state: LabState) => state.runs;

/** So many are listed, the newest; a machine would not be shared among more. */
const most = 4;

export function UnfinishedRun() {
  const unfinished = useLab(selectUnfinished);
  return unfinished.length === 0 ? null : <Interrupted unfinished={unfinished} />;
}

function Interrupted({ unfinished }: { readonly unfinished: readonly string[] }) {
  const all = useLab(selectRuns);
  const actions = useLabActions();
  // One may have been deleted meanwhile.
  const runs = unfinished.flatMap((id) => all.find((run) => run.id === id) ?? []);
  const [first, ...others] = runs;
  if (first === undefined) return null;
  if (others.length === 0)
    return (
      <Notice
        tone="info"
        icon={History}
        title={`“${first.name}” was interrupted.`}
        testId="unfinished"
        onDismiss={() => actions.dismissUnfinished()}
        actions={
          <Button size="compact-sm" onClick={() => actions.resumeRuns([first.id])}>
            Go on
          </Button>
        }
      >
        The page was closed while it trained; it {standing(first)}.
      </Notice>
    );
  const listed = runs.slice(0, most);
  const more = runs.length - listed.length;
  return (
    <Notice
      tone="info"
      icon={History}
      title={`${runs.length} runs were interrupted.`}
      testId="unfinished"
      onDismiss={() => actions.dismissUnfinished()}
      actions={
        more > 0 ? undefined : (
          <Button size="compact-sm" onClick={() => actions.resumeRuns(listed.map(({ id }) => id))}>
            {listed.length === 2 ? 'Go on with both' : `Go on with all ${listed.length}`}
          </Button>
        )
      }
    >
      The page was closed while they trained.
      {more > 0 ? ` These are the newest; the other ${more} can go on from the list of runs.` : ''}
      <ul className={styles.unfinished}>
        {listed.map((run) => (
          <li key={run.id}>
            <RunSwatch colour={run.colour} dash={run.dash} />
            <span>
              <b>{run.name}</b> {standing(run)}
            </span>
            <Button
              size="compact-xs"
              variant="default"
              aria-label={`Go on with ${run.name}`}
              onClick={() => actions.resumeRuns([run.id])}
            >
              Go on
            </Button>
          </li>
        ))}
      </ul>
    </Notice>
  );
}

/** From where it would go on. */
function standing({ checkpoint }: RunState): string {
  return checkpoint === null
    ? 'had not been kept yet and begins again'
    : `is kept up to ${placeName(checkpoint)}`;
}
