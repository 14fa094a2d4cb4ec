/**
 * The buttons that run the lab: one primary button that reads Train, Pause, Resume or Go on, and Step and Reset beside it. One that can do
 * nothing says why.
 *
 * Invariant (page.test.tsx): the trainer acts only between two units of work, so until it has paused the button reads “Pausing …” and
 * does nothing.
 */
import { Button, Tooltip } from '@mantine/core';
import { Pause, Play, RotateCcw, StepForward } from 'lucide-react';
import type { LabActions, LabState, RunState } from '../../lab/state.ts';
import { useLab, useLabActions, useRun } from '../app/lab.tsx';
import { steppingOf } from './stepping.ts';
import styles from './topBar.module.css';

const selectStatus = (run: RunState) => run.status;
const selectRequested = (run: RunState) => run.requested;
const selectBlocked = (state: LabState) => state.settingProblems[0]?.message ?? null;
const selectSaved = (run: RunState) => run.checkpoint !== null;
const selectSource = (run: RunState) => run.source;
const selectReplay = (run: RunState) => run.replay;

interface Primary {
  readonly word: string;
  readonly icon: typeof Play;
  readonly act: (actions: LabActions) => void;
  readonly busy: boolean;
}

function primaryButton(
  status: RunState['status'],
  requested: RunState['requested'],
  live: boolean,
  saved: boolean,
): Primary {
  const train = (word: string): Primary => ({
    word,
    icon: Play,
    act: (actions) => actions.train(),
    busy: false,
  });
  if (!live) return train('Train');
  switch (status) {
    case 'idle':
      return train('Train');
    case 'interrupted':
    case 'failed':
      return saved
        ? { word: 'Go on', icon: Play, act: (actions) => actions.resume(), busy: false }
        : train('Train again');
    case 'done':
      return train('Train again');
    case 'starting':
      return { word: 'Starting …', icon: Play, act: () => undefined, busy: true };
    case 'running':
      return requested === 'pause'
        ? { word: 'Pausing …', icon: Pause, act: () => undefined, busy: true }
        : { word: 'Pause', icon: Pause, act: (actions) => actions.pause(), busy: false };
    case 'paused':
      return { word: 'Resume', icon: Play, act: (actions) => actions.resume(), busy: false };
  }
}

export function RunControls() {
  const status = useRun(selectStatus);
  const requested = useRun(selectRequested);
  const blocked = useLab(selectBlocked);
  const source = useRun(selectSource);
  const replay = useRun(selectReplay);
  const live = source.kind === 'live';
  const saved = useRun(selectSaved);
  const actions = useLabActions();
  const stepping = steppingOf({ status, requested, source, replay });
  const primary = primaryButton(status, requested, live, saved);
  const starts = primary.word.startsWith('Train');
  const Icon = primary.icon;
  return (
    <div className={styles.controls} role="group" aria-label="Run">
      <Tooltip label={blocked ?? 'Space'} disabled={!starts || blocked === null} multiline w={260}>
        <Button
          size="sm"
          className={styles.primary}
          leftSection={<Icon size={15} aria-hidden fill="currentColor" />}
          data-testid="run-primary"
          aria-disabled={primary.busy || (starts && blocked !== null)}
          data-disabled={primary.busy || (starts && blocked !== null) || undefined}
          onClick={() => {
            if (!primary.busy && !(starts && blocked !== null)) primary.act(actions);
          }}
        >
          {primary.word}
        </Button>
      </Tooltip>
      <Tooltip
        label={
          'whyNot' in stepping
            ? stepping.whyNot
            : live
              ? 'Go on to the next optimizer step, GRPO step or benchmark, then pause ( . )'
              : 'Show the next round ( . )'
        }
        multiline
        w={240}
      >
        <Button
          size="sm"
          variant="default"
          px={10}
          leftSection={<StepForward size={14} aria-hidden />}
          aria-disabled={'whyNot' in stepping}
          data-disabled={'whyNot' in stepping || undefined}
          onClick={() => {
            if ('act' in stepping) stepping.act(actions);
          }}
        >
          Step
        </Button>
      </Tooltip>
      <Tooltip label="Stop this run, which stays in the list, and show what the settings would train">
        <Button
          size="sm"
          variant="default"
          px={10}
          leftSection={<RotateCcw size={14} aria-hidden />}
          disabled={status === 'idle' && live}
          onClick={() => actions.reset()}
        >
          Reset
        </Button>
      </Tooltip>
    </div>
  );
}
