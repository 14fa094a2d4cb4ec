/**
 * Read a list of the teacher's trajectories one by one.
 */
import { useState } from 'react';
import { ActionIcon } from '@mantine/core';
import { ChevronLeft, ChevronRight } from 'lucide-react';
import type { Trajectory } from '../../tasks/trajectory.ts';
import { formatNumber, plural } from '../app/format.ts';
import { Transcript } from '../inspector/Transcript.tsx';
import styles from './curation.module.css';

interface Props {
  readonly title: string;
  readonly trajectories: readonly Trajectory[];
}

export function TrajectoryBrowser({ title, trajectories }: Props) {
  const [wanted, setWanted] = useState(0);
  const index = Math.min(wanted, trajectories.length - 1);
  const trajectory = trajectories[index];
  if (trajectory === undefined) return <p className={styles.none}>{title}: none.</p>;
  return (
    <section className={styles.browser} aria-label={title}>
      <div className={styles.browserHead}>
        <h3>{title}</h3>
        <span>{plural(trajectory.calls.length, 'call')}</span>
        <ActionIcon
          variant="default"
          size={26}
          aria-label="Previous trajectory"
          disabled={index === 0}
          onClick={() => setWanted(index - 1)}
        >
          <ChevronLeft size={15} aria-hidden />
        </ActionIcon>
        <span className={styles.position}>
          {formatNumber(index + 1)} of {formatNumber(trajectories.length)}
        </span>
        <ActionIcon
          variant="default"
          size={26}
          aria-label="Next trajectory"
          disabled={index >= trajectories.length - 1}
          onClick={() => setWanted(index + 1)}
        >
          <ChevronRight size={15} aria-hidden />
        </ActionIcon>
      </div>
      <Transcript key={index} trajectory={trajectory} author="teacher" />
    </section>
  );
}
