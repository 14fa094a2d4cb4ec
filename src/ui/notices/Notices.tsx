/**
 * Messages above the charts: failures, corrections, settings that cannot run, slow devices. Each says what happened and what to do, and
 * most have a button that does it; none blocks the page.
 *
 * Invariant (notices.test.tsx): a failed run with a checkpoint offers to go on from it, one without offers to train again.
 */
import { Button, CloseButton } from '@mantine/core';
import { CircleAlert, Info, TriangleAlert } from 'lucide-react';
import type { FailureView, LabState, RunState } from '../../lab/state.ts';
import { useLab, useLabActions, useRun } from '../app/lab.tsx';
import { UnfinishedRun } from '../runs/UnfinishedRun.tsx';
import { DeviceNotice } from './DeviceNotice.tsx';
import { Notice } from './Notice.tsx';
import { SlowerFork } from './SlowerFork.tsx';
import styles from './notices.module.css';

const selectFailure = (run: RunState) => run.failure;
const selectNotices = (state: LabState) => state.notices;
const selectProblems = (state: LabState) => state.settingProblems;

export function Notices({ onShowSettings }: { onShowSettings: () => void }) {
  return (
    <div className={styles.notices}>
      <FailureNotice />
      <UnfinishedRun />
      <ProblemNotice onShowSettings={onShowSettings} />
      <Corrections />
      <DeviceNotice />
    </div>
  );
}

function FailureNotice() {
  const failure = useRun(selectFailure);
  const actions = useLabActions();
  if (failure === null) return null;
  return (
    <Notice
      tone="failure"
      icon={CircleAlert}
      title={failure.message}
      testId="failure"
      onDismiss={() => actions.dismissFailure()}
      actions={
        <>
          {failure.source === 'numerics' && <SlowerFork />}
          <Remedy failure={failure} />
        </>
      }
    >
      {failure.advice}
    </Notice>
  );
}

/** The button that does what the advice says. */
function Remedy({ failure: { source, goOn } }: { failure: FailureView }) {
  const actions = useLabActions();
  if (goOn !== undefined) {
    return (
      <Button size="compact-sm" onClick={() => actions.resume()}>
        Go on from {goOn}
      </Button>
    );
  }
  switch (source) {
    case 'file':
      return null;
    case 'browser':
      return (
        <Button size="compact-sm" variant="default" onClick={() => location.reload()}>
          Reload the page
        </Button>
      );
    case 'base':
    case 'engine':
    case 'device-lost':
    case 'sandbox':
    case 'settings':
    case 'numerics':
    case 'checkpoint':
    case 'trainer':
      return (
        <Button size="compact-sm" variant="default" onClick={() => actions.train()}>
          Train again
        </Button>
      );
  }
}

function ProblemNotice({ onShowSettings }: { onShowSettings: () => void }) {
  const problems = useLab(selectProblems);
  const first = problems[0];
  if (first === undefined) return null;
  return (
    <Notice
      tone="warning"
      icon={TriangleAlert}
      title="These settings cannot run."
      testId="setting-problems"
      actions={
        <Button size="compact-sm" variant="default" onClick={onShowSettings}>
          Show the settings
        </Button>
      }
    >
      {first.message}
      {problems.length > 1 ? ` (and ${problems.length - 1} more)` : ''}
    </Notice>
  );
}

/** All in one box, since an address can be wrong in many places. */
function Corrections() {
  const notices = useLab(selectNotices);
  const actions = useLabActions();
  if (notices.length === 0) return null;
  return (
    <ul className={styles.corrections} role="status">
      {notices.map((notice, index) => (
        <li key={`${index}-${notice}`} data-testid="notice">
          <Info size={16} aria-hidden className={styles.icon} />
          <span className={styles.words}>{notice}</span>
          <CloseButton size={24} aria-label="Dismiss" onClick={() => actions.dismissNotice(index)} />
        </li>
      ))}
    </ul>
  );
}
