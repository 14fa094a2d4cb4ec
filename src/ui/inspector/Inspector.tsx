/**
 * What the policy wrote, to be read: its training rollouts (a round, a prompt, a sample), or the same held-out problem round after round, of
 * this run beside another.
 */
import { useState, type ReactNode } from 'react';
import { SegmentedControl } from '@mantine/core';
import type { RunState } from '../../lab/state.ts';
import { useRun } from '../app/lab.tsx';
import { Probe } from './Probe.tsx';
import { Rollouts } from './Rollouts.tsx';
import styles from './inspector.module.css';

const selectHasProbe = (run: RunState) => run.probe !== null;

type View = 'rollouts' | 'probe';

export function Inspector() {
  const hasProbe = useRun(selectHasProbe);
  const [wanted, setWanted] = useState<View>('rollouts');
  const view = hasProbe ? wanted : 'rollouts';
  const views: ReactNode = hasProbe ? (
    <SegmentedControl
      size="xs"
      aria-label="What to read"
      value={view}
      onChange={(value) => setWanted(value)}
      data={[
        { value: 'rollouts', label: 'Rollouts' },
        { value: 'probe', label: 'Same problem' },
      ]}
    />
  ) : null;
  return (
    <div className={styles.inspector} data-testid="inspector">
      {view === 'probe' ? <Probe views={views} /> : <Rollouts views={views} />}
    </div>
  );
}
