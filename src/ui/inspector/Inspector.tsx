/**
 * What the policy wrote, to be read: its training rollouts (a round, a prompt, a sample), or the same held-out problem round after round, of
 * this run beside another.
 */
import { useState } from 'react';
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
  return (
    <div className={styles.inspector} data-testid="inspector">
      {hasProbe ? (
        <div className={styles.views}>
          <SegmentedControl
            size="xs"
            aria-label="What to read"
            value={view}
            onChange={(value) => setWanted(value)}
            data={[
              { value: 'rollouts', label: 'Training rollouts' },
              { value: 'probe', label: 'One problem, every round' },
            ]}
          />
        </div>
      ) : null}
      {view === 'probe' ? <Probe /> : <Rollouts />}
    </div>
  );
}
