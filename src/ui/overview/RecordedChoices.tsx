/**
 * The recorded runs that come with the page, as buttons, for someone who does not want to wait. Nothing where there are none.
 */
import { Button } from '@mantine/core';
import { History } from 'lucide-react';
import type { LabState } from '../../lab/state.ts';
import { useLab, useLabActions } from '../app/lab.tsx';
import styles from './replay.module.css';

const selectRecordings = (state: LabState) => state.recordings;
const selectOpening = (state: LabState) => state.opening;

export function RecordedChoices() {
  const recordings = useLab(selectRecordings);
  const opening = useLab(selectOpening);
  const actions = useLabActions();
  if (recordings.length === 0) return null;
  return (
    <div className={styles.choices} role="group" aria-label="Recorded runs">
      <span>Or see a recorded run:</span>
      {recordings.map(({ file, title, description }) => (
        <Button
          key={file}
          size="compact-sm"
          variant="default"
          title={description}
          leftSection={<History size={13} aria-hidden />}
          loading={opening === file}
          onClick={() => void actions.openRecording(file)}
        >
          {title}
        </Button>
      ))}
    </div>
  );
}
