/**
 * What stands over the empty chart before the first run: what will happen, what to watch for, and the one button.
 */
import { Button } from '@mantine/core';
import { Play } from 'lucide-react';
import { findPreset } from '../../recipes/presets.ts';
import type { LabState } from '../../lab/state.ts';
import { useLab, useLabActions } from '../app/lab.tsx';
import { RecordedChoices } from './RecordedChoices.tsx';
import styles from './welcome.module.css';

const selectPreset = (state: LabState) => state.presetName;
const selectBlocked = (state: LabState) => state.settingProblems.length > 0;

export function Welcome() {
  const actions = useLabActions();
  const preset = findPreset(useLab(selectPreset));
  const blocked = useLab(selectBlocked);
  return (
    <div className={styles.veil}>
      <div className={styles.welcome}>
        <h2 className={styles.title}>Will it keep using its tool?</h2>
        <p className={styles.text}>
          One click trains a small language model in this tab: it imitates a teacher who calls Python, then
          reinforcement learning rewards right answers alone. Watch how often it still calls Python: a line
          that sinks into the shaded zone is <em>interaction collapse</em>, a policy that has given up its
          tool and thinks in its head.
        </p>
        <div className={styles.actions}>
          <Button
            size="sm"
            leftSection={<Play size={15} aria-hidden fill="currentColor" />}
            disabled={blocked}
            onClick={() => actions.train()}
          >
            Train now
          </Button>
          <span className={styles.takes}>
            {preset === undefined ? null : (
              <>
                {preset.title}: {preset.takes}. Nothing leaves your machine.
              </>
            )}
          </span>
        </div>
        <RecordedChoices />
      </div>
    </div>
  );
}
