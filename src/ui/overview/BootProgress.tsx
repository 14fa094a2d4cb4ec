/**
 * What start-up is doing (loading Python, compiling kernels), over the chart that it will fill.
 *
 * It cannot stay for ever: start-up ends in a run or, after a while without a sign of life, in a failure (the lab's store).
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
