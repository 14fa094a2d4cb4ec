/**
 * A call of a trajectory, run again in the page's sandbox, after the calls before it: what Python says now.
 */
import { useState } from 'react';
import { Play } from 'lucide-react';
import { UnstyledButton } from '@mantine/core';
import { pageRepl } from '../../lab/browser.ts';
import type { RunState } from '../../lab/state.ts';
import type { ExecutionResult } from '../app/types.ts';
import { useRun } from '../app/lab.tsx';
import styles from './transcript.module.css';

const selectDeadline = (run: RunState) => run.settings.sandbox.deadlineMs;

interface Props {
  /** The trajectory's cells up to this one. */
  readonly cells: readonly string[];
}

export function RunAgain({ cells }: Props) {
  const deadlineMs = useRun(selectDeadline);
  const [said, setSaid] = useState<string | null>(null);
  const [busy, setBusy] = useState(false);
  const run = async () => {
    setBusy(true);
    setSaid('running …');
    try {
      setSaid(words(await pageRepl(deadlineMs).runAgain(cells)));
    } catch (error) {
      setSaid(error instanceof Error ? error.message : String(error));
    }
    setBusy(false);
  };
  return (
    <>
      <UnstyledButton
        className={styles.again}
        aria-label={`Run this cell again: ${cells.at(-1) ?? ''}`}
        title="Run this cell again"
        disabled={busy}
        onClick={() => void run()}
      >
        <Play size={11} aria-hidden />
      </UnstyledButton>
      <span role="status" className={styles.said}>
        {said}
      </span>
    </>
  );
}

function words(result: ExecutionResult): string {
  switch (result.kind) {
    case 'ok':
      return result.output.trim() === '' ? 'again: nothing printed' : `again: ${result.output.trim()}`;
    case 'error':
      return `again: raised ${result.message}`;
    case 'timeout':
      return `again: stopped after ${result.deadlineMs} ms`;
    case 'memory':
      return `again: out of memory`;
    case 'format':
      return `again: not run, ${result.message}`;
  }
}
