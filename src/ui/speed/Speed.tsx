/**
 * The speed test: this lab's kernels against TensorFlow.js on the visitor's own adapter, started by a button.
 *
 * Invariants (speed.test.tsx, lab/speedTest.test.ts). (1) It does not start while a run is under way, and one that starts stops it. (2) What
 * was measured stays when it is stopped, or when another tab is opened.
 */
import { useState, useSyncExternalStore } from 'react';
import { Button, Chip, CopyButton, Progress } from '@mantine/core';
import { Check, Copy, Gauge, Square } from 'lucide-react';
import { pageSpeedTest } from '../../lab/speedTestBrowser.ts';
import {
  speedTestChoices,
  runIsUnderWay,
  type BenchPreset,
  type SpeedTestRunner,
  type SpeedTestState,
} from '../../lab/speedTest.ts';
import type { LabState } from '../../lab/state.ts';
import { formatShare } from '../app/format.ts';
import { useLab, useLabStore } from '../app/lab.tsx';
import { SpeedReport } from './SpeedReport.tsx';
import styles from './speed.module.css';

const selectBusy = (state: LabState) => runIsUnderWay(state);

export function Speed({ runner = pageSpeedTest() }: { readonly runner?: SpeedTestRunner }) {
  const lab = useLabStore();
  const busy = useLab(selectBusy);
  const state = useSyncExternalStore(runner.subscribe, runner.getState);
  const [chosen, setChosen] = useState<readonly string[]>(['mini']);
  const presets = speedTestChoices.filter((name) => chosen.includes(name));
  return (
    <div className={styles.speed} data-testid="speed" data-status={state.status}>
      <p className={styles.note}>
        Times training steps and rollouts of this lab’s own WebGPU kernels and of TensorFlow.js’s, on the same
        adapter and the same work, in turn. About a minute for each policy on a GPU, several without one.
      </p>
      <Choice chosen={chosen} onChoose={setChosen} locked={state.status === 'running'} />
      <div className={styles.actions}>
        {state.status === 'running' ? (
          <Button
            size="xs"
            variant="default"
            leftSection={<Square size={13} aria-hidden />}
            onClick={() => runner.stop()}
          >
            Stop
          </Button>
        ) : (
          <Button
            size="xs"
            leftSection={<Gauge size={14} aria-hidden />}
            disabled={busy || presets.length === 0}
            onClick={() => runner.start(presets, lab)}
          >
            Run the speed test
          </Button>
        )}
        {state.markdown === null ? null : <CopyMarkdown text={state.markdown} />}
      </div>
      <Standing state={state} busy={busy} />
      {state.report === null ? null : <SpeedReport report={state.report} />}
    </div>
  );
}

interface ChoiceProps {
  readonly chosen: readonly string[];
  readonly onChoose: (chosen: readonly string[]) => void;
  readonly locked: boolean;
}

function Choice({ chosen, onChoose, locked }: ChoiceProps) {
  return (
    <fieldset className={styles.choice} disabled={locked}>
      <legend className="lab-hidden">Policies to time</legend>
      <Chip.Group multiple value={[...chosen]} onChange={onChoose}>
        {speedTestChoices.map((name: BenchPreset) => (
          <Chip key={name} value={name} size="xs" disabled={locked}>
            {name}
          </Chip>
        ))}
      </Chip.Group>
    </fieldset>
  );
}

function CopyMarkdown({ text }: { readonly text: string }) {
  return (
    <CopyButton value={text}>
      {({ copied, copy }) => (
        <Button
          size="xs"
          variant="default"
          leftSection={copied ? <Check size={13} aria-hidden /> : <Copy size={13} aria-hidden />}
          onClick={copy}
        >
          {copied ? 'Copied' : 'Copy as Markdown'}
        </Button>
      )}
    </CopyButton>
  );
}

/** What it is doing, why it cannot start, or why it ended. */
function Standing({ state, busy }: { readonly state: SpeedTestState; readonly busy: boolean }) {
  if (state.status === 'running') {
    return (
      <div className={styles.progress}>
        <Progress value={state.share * 100} size="sm" aria-label="Progress of the speed test" />
        <p role="status">
          {formatShare(state.share)}, {state.doing}
        </p>
      </div>
    );
  }
  const ended =
    state.message ??
    (state.status === 'stopped'
      ? 'Stopped. What had been measured is below.'
      : state.status === 'done'
        ? 'Done.'
        : null);
  return (
    <>
      {ended === null ? null : (
        <p className={styles.note} role="status" data-tone={state.status === 'failed' ? 'bad' : 'even'}>
          {ended}
        </p>
      )}
      {busy ? (
        <p className={styles.note}>
          A run is under way. A speed test beside it would slow both down and measure neither, so it can start
          once the run has ended or was reset.
        </p>
      ) : null}
    </>
  );
}
