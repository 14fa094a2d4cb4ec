/**
 * What the page has to say beside the run: failures, corrections, settings that do not fit, slow devices.
 *
 * Invariant: each is one sentence on what happened, one on what to do, and a button; none blocks the page.
 */
import { Button, CloseButton } from '@mantine/core';
import { CircleAlert, Info, TriangleAlert } from 'lucide-react';
import type { LabState } from '../../lab/state.ts';
import { useLab, useLabActions } from '../app/lab.tsx';
import { DeviceNotice } from './DeviceNotice.tsx';
import { Notice } from './Notice.tsx';
import styles from './notices.module.css';

const selectFailure = (state: LabState) => state.failure;
const selectNotices = (state: LabState) => state.notices;
const selectProblems = (state: LabState) => state.settingProblems;

export function Notices({ onShowSettings }: { onShowSettings: () => void }) {
  return (
    <div className={styles.notices}>
      <FailureNotice />
      <ProblemNotice onShowSettings={onShowSettings} />
      <Corrections />
      <DeviceNotice />
    </div>
  );
}

function FailureNotice() {
  const failure = useLab(selectFailure);
  const actions = useLabActions();
  if (failure === null) return null;
  const wrongFile = failure.source === 'file';
  return (
    <Notice
      tone="failure"
      icon={CircleAlert}
      title={failure.message}
      testId="failure"
      onDismiss={() => actions.dismissFailure()}
      actions={
        wrongFile ? null : failure.source === 'browser' ? (
          <Button size="compact-sm" variant="default" onClick={() => location.reload()}>
            Reload the page
          </Button>
        ) : (
          <Button size="compact-sm" variant="default" onClick={() => actions.train()}>
            Train again
          </Button>
        )
      }
    >
      {failure.advice}
    </Notice>
  );
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

/** Sentences about corrected values share one box: a bad address has many. */
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
