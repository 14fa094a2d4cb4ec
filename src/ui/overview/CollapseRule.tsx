/**
 * The collapse rule in words, under the chart. Once the alarm has gone off, when it did stands there and stands out; the rule is a click away,
 * for the chart needs the room.
 */
import { ActionIcon, Popover } from '@mantine/core';
import { Info, TriangleAlert } from 'lucide-react';
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
    <div className={styles.alarm} data-testid="collapse-alarm" data-round={alarm.round}>
      <TriangleAlert size={15} aria-hidden className={styles.icon} />
      <strong role="status">
        Interaction collapse{alarmPlace(alarm)}: {formatNumber(alarm.density)} calls per trajectory.
      </strong>
      <Popover width={340} position="top" withArrow shadow="md">
        <Popover.Target>
          <ActionIcon variant="subtle" color="gray" size={24} aria-label="What the alarm goes by">
            <Info size={14} aria-hidden />
          </ActionIcon>
        </Popover.Target>
        <Popover.Dropdown className={styles.why} data-testid="collapse-rule">
          {rule}
        </Popover.Dropdown>
      </Popover>
    </div>
  );
}

/** When the moving average left the zone's edge behind, and when that was confirmed. */
function alarmPlace({ since, round }: NonNullable<RunState['collapse']['alarm']>): string {
  return since === undefined
    ? ` at round ${round}`
    : `, left the zone’s edge at round ${since}, confirmed at round ${round}`;
}
