/**
 * What start-up is doing: loading Python, compiling kernels. Bounded by the store, which turns a stall into a failure.
 */
import { Loader } from '@mantine/core';
import type { LabState } from '../../lab/state.ts';
import { formatShare } from '../app/format.ts';
import { useLab, useLabActions } from '../app/lab.tsx';
import { Button } from '@mantine/core';
import styles from './notices.module.css';

const selectBoot = (state: LabState) => state.boot;

export function BootProgress() {
  const boot = useLab(selectBoot);
  const actions = useLabActions();
  if (boot === null) return null;
  return (
    <div className={styles.notice} data-tone="info" data-testid="boot" role="status">
      <Loader size={16} aria-hidden />
      <div className={styles.words}>
        <strong>{boot.message}</strong>
        {boot.share === null ? null : <span className={styles.share}> {formatShare(boot.share)}</span>}
      </div>
      <div className={styles.actions}>
        <Button size="compact-sm" variant="default" onClick={() => actions.reset()}>
          Cancel
        </Button>
      </div>
    </div>
  );
}
