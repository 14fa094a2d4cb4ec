/**
 * The recipe as a ribbon: nine phases, each with its progress, and how long the run will still take.
 *
 * A phase's status shows in its words, its icon and its bar, never in its colour alone. A screen reader hears one polite sentence, at most
 * every eight seconds while the status stays the same.
 */
import { memo, useEffect, useState } from 'react';
import { Tooltip } from '@mantine/core';
import { Check } from 'lucide-react';
import type { PhaseView } from '../../record/phases.ts';
import { shownRun, type RunState } from '../../lab/state.ts';
import { formatDuration, formatNumber } from '../app/format.ts';
import { useLabStore, useRun } from '../app/lab.tsx';
import { runSentence } from './runSentence.ts';
import styles from './phaseRibbon.module.css';

const selectPhases = (run: RunState) => run.phases;
const selectStatus = (run: RunState) => run.status;

export function PhaseRibbon() {
  const phases = useRun(selectPhases);
  const status = useRun(selectStatus);
  return (
    <nav className={styles.ribbon} aria-label="Phases of the run">
      <ol className={styles.phases}>
        {phases.map((phase) => (
          <Phase key={phase.name} phase={phase} paused={status === 'paused'} />
        ))}
      </ol>
      <RunClock />
      <SpokenSummary />
    </nav>
  );
}

interface PhaseProps {
  readonly phase: PhaseView;
  readonly paused: boolean;
}

/** Whether a phase would look the same: the store makes new objects for all phases whenever one of them advances. */
function sameToTheEye(before: PhaseProps, after: PhaseProps): boolean {
  const [a, b] = [before.phase, after.phase];
  return (
    before.paused === after.paused &&
    a.status === b.status &&
    a.done === b.done &&
    a.total === b.total &&
    a.detail === b.detail &&
    (a.secondsLeft === null ? null : Math.round(a.secondsLeft)) ===
      (b.secondsLeft === null ? null : Math.round(b.secondsLeft))
  );
}

const Phase = memo(function Phase({ phase, paused }: PhaseProps) {
  const { name, label, help, status, done, total, unit, detail } = phase;
  const share = status === 'done' ? 1 : total > 0 ? Math.min(1, done / total) : 0;
  const state = status === 'active' ? (paused ? 'paused' : 'active') : status;
  const count =
    status !== 'active' ? '' : total > 0 ? `${formatNumber(done)}/${formatNumber(total)}` : 'working';
  return (
    <Tooltip label={<PhaseNote phase={phase} />} multiline w={260} withArrow>
      <li
        className={styles.phase}
        data-state={state}
        data-testid={`phase-${name}`}
        data-status={status}
        aria-current={status === 'active' ? 'step' : undefined}
      >
        <span className={styles.top}>
          {status === 'done' ? (
            <Check size={12} strokeWidth={3} aria-hidden className={styles.check} />
          ) : null}
          <span className={styles.label}>{label}</span>
          <span className={styles.count}>{count}</span>
        </span>
        <span
          className={styles.track}
          role="progressbar"
          aria-label={`${label}: ${help}`}
          aria-valuemin={0}
          aria-valuemax={100}
          aria-valuenow={Math.round(share * 100)}
          aria-valuetext={`${state}${count === '' ? '' : `, ${count} ${unit}`}${detail === '' ? '' : `, ${detail}`}`}
        >
          <span
            className={styles.fill}
            data-unknown={status === 'active' && total === 0}
            style={{ transform: `scaleX(${status === 'active' && total === 0 ? 1 : share})` }}
          />
        </span>
      </li>
    </Tooltip>
  );
}, sameToTheEye);

function PhaseNote({ phase }: { phase: PhaseView }) {
  const { label, help, detail, secondsLeft } = phase;
  return (
    <>
      <strong>{label}.</strong> {help}
      {detail === '' ? null : <> {detail}.</>}
      {secondsLeft === null ? null : <> About {formatDuration(secondsLeft)} left in this phase.</>}
    </>
  );
}

const selectLeft = (run: RunState) => (run.secondsLeft === null ? null : Math.round(run.secondsLeft));
const selectElapsed = (run: RunState) => Math.round(run.elapsedSeconds);
const selectSpeed = (run: RunState) => Math.round(run.tokensPerSecond);
const selectSource = (run: RunState) => run.source;

/** Time left, elapsed time and speed of a live run; the name of a recorded one. */
function RunClock() {
  const status = useRun(selectStatus);
  const left = useRun(selectLeft);
  const elapsed = useRun(selectElapsed);
  const speed = useRun(selectSpeed);
  const source = useRun(selectSource);
  const [main, side] = clockWords(status, left, elapsed, speed);
  return (
    <div className={styles.clock} data-testid="run-clock">
      <strong>{source.kind === 'live' ? main : 'Recorded run'}</strong>
      <span>{source.kind === 'live' ? side : source.name}</span>
    </div>
  );
}

function clockWords(
  status: RunState['status'],
  left: number | null,
  elapsed: number,
  speed: number,
): readonly [string, string] {
  switch (status) {
    case 'idle':
      return ['Ready', 'nothing runs yet'];
    case 'starting':
      return ['Starting', 'a few seconds'];
    case 'running':
      return [
        left === null ? `${formatDuration(elapsed)} so far` : `${formatDuration(left)} left`,
        speed > 0 ? `${formatNumber(speed)} tokens/s` : 'measuring the speed',
      ];
    case 'paused':
      return ['Paused', `after ${formatDuration(elapsed)}`];
    case 'done':
      return ['Done', `in ${formatDuration(elapsed)}`];
    case 'interrupted':
    case 'failed':
      return ['Stopped', `after ${formatDuration(elapsed)}`];
  }
}

const spokenEvery = 8000; // ms

function SpokenSummary() {
  const store = useLabStore();
  const [sentence, setSentence] = useState('');
  useEffect(() => {
    let timer: ReturnType<typeof setTimeout> | null = null;
    const speak = () => {
      timer = null;
      setSentence(runSentence(shownRun(store.getState())));
    };
    const stop = store.subscribe((state, previous) => {
      if (shownRun(state).status !== shownRun(previous).status) {
        if (timer !== null) clearTimeout(timer);
        speak();
      } else timer ??= setTimeout(speak, spokenEvery);
    });
    return () => {
      stop();
      if (timer !== null) clearTimeout(timer);
    };
  }, [store]);
  return (
    <p className="lab-hidden" aria-live="polite" data-testid="spoken-summary">
      {sentence}
    </p>
  );
}
