/**
 * The collapse rule in words, under the chart. It stands out only once the alarm has gone off.
 */
import { TriangleAlert } from 'lucide-react';
import type { RunState } from '../../lab/state.ts';
import { formatNumber } from '../app/format.ts';
import { useRun } from '../app/lab.tsx';
import styles from './collapseRule.module.css';

const selectCollapse = (run: RunState) => run.collapse;

export function CollapseRule() {
  const { alarm, rule, threshold } = useRun(selectCollapse);
  if (alarm === null) {
    return (
      <p className={styles.rule} data-testid="collapse-rule">
        {threshold === null ? null : <span className={styles.zone} aria-hidden="true" />} {rule}
      </p>
    );
  }
  return (
    <p className={styles.alarm} role="status" data-testid="collapse-alarm" data-round={alarm.round}>
      <TriangleAlert size={15} aria-hidden className={styles.icon} />
      <span>
        <strong>
          Interaction collapse{alarmPlace(alarm)}: {formatNumber(alarm.density)} calls per trajectory.
        </strong>{' '}
        {rule}
      </span>
    </p>
  );
}

/** When the moving average left the zone's edge behind, and when that was confirmed. */
function alarmPlace({ since, round }: NonNullable<RunState['collapse']['alarm']>): string {
  return since === undefined
    ? ` at round ${round}`
    : `, left the zone’s edge at round ${since}, confirmed at round ${round}`;
}
