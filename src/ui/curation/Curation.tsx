/**
 * What curation did: the pool by density, what each filter dropped (with examples), and the curated trajectories themselves.
 */
import { useState } from 'react';
import type { RunState } from '../../lab/state.ts';
import type { Trajectory } from '../../tasks/trajectory.ts';
import { Empty } from '../app/Empty.tsx';
import { useRun } from '../app/lab.tsx';
import type { CurationView } from '../app/types.ts';
import { DensityBars } from './DensityBars.tsx';
import { Funnel, type Shown } from './Funnel.tsx';
import { TrajectoryBrowser } from './TrajectoryBrowser.tsx';
import styles from './curation.module.css';

const selectCuration = (run: RunState) => run.curation;
const selectBins = (run: RunState) => run.settings.curation;

export function Curation() {
  const curation = useRun(selectCuration);
  const bins = useRun(selectBins);
  const [shown, setShown] = useState<Shown>('kept');
  if (curation === null) return <NothingYet />;
  const { report } = curation;
  const { title, trajectories } = shownTrajectories(curation, shown);
  return (
    <div className={styles.curation} data-testid="curation">
      <DensityBars report={report} bins={bins} />
      <Funnel report={report} bins={bins} shown={shown} onShow={setShown} />
      <TrajectoryBrowser key={shown} title={title} trajectories={trajectories} />
    </div>
  );
}

function shownTrajectories(
  { report, kept }: CurationView,
  shown: Shown,
): { readonly title: string; readonly trajectories: readonly Trajectory[] } {
  switch (shown) {
    case 'kept':
      return {
        title: kept.length < report.kept ? `The first ${kept.length} curated` : 'Curated trajectories',
        trajectories: kept,
      };
    case 'wrongAnswer':
      return { title: 'Dropped: wrong answer', trajectories: report.examples.wrongAnswer };
    case 'failedCall':
      return { title: 'Dropped: a call failed', trajectories: report.examples.failedCall };
    case 'otherBin':
      return { title: 'Dropped: another density', trajectories: report.examples.otherBin };
    case 'surplus':
      return { title: 'Left over: more than were needed', trajectories: report.examples.surplus };
  }
}

function NothingYet() {
  return (
    <Empty title="No trajectories yet">
      The teacher’s trajectories will be counted here by their number of tool calls. Three filters follow: the
      answer must be right, every call must have succeeded, and the interaction density must lie in the bin
      that the settings ask for. What each filter dropped can be opened and read.
    </Empty>
  );
}
