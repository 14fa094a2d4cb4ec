/**
 * What a starting run is waiting for (loading Python, compiling kernels), shown over the empty chart.
 *
 * It never stays for ever: where the worker says nothing for too long, the store reports a failure (lab/trainerLink.ts).
 */
import { Button, Loader } from '@mantine/core';
import type { RunState } from '../../lab/state.ts';
import { formatShare } from '../app/format.ts';
import { useLabActions, useRun } from '../app/lab.tsx';
import styles from './welcome.module.css';

const selectBoot = (run: RunState) => run.boot;

export function BootProgress() {
  const boot = useRun(selectBoot);
  const actions = useLabActions();
  if (boot === null) return null;
  return (
    <div className={styles.boot} data-testid="boot" role="status">
      <Loader size={16} aria-hidden />
      <strong>{boot.message}</strong>
      {boot.share === null ? null : <span>{formatShare(boot.share)}</span>}
      <Button size="compact-sm" variant="default" onClick={() => actions.reset()}>
        Cancel
      </Button>
    </div>
  );
}
