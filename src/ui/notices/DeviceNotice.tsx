/**
 * Shown where something slow runs: that everything works all the same, and what helps. A graphics card and our kernels on the processor
 * are not slow; the badge says what runs.
 */
import { useState } from 'react';
import { Button } from '@mantine/core';
import { Gauge } from 'lucide-react';
import type { LabState, RunState } from '../../lab/state.ts';
import { useLab, useLabActions, useRun } from '../app/lab.tsx';
import { speedClass } from '../topbar/engineSpeed.ts';
import { Notice } from './Notice.tsx';

const selectEngine = (run: RunState) => run.engine;
const selectPreset = (state: LabState) => state.presetName;
const selectAsked = (state: LabState) => state.settings.run.backend !== 'auto';
const selectFree = (run: RunState) => run.status === 'idle' && run.source.kind === 'live';

/** Presets that any engine runs in minutes. */
const small: readonly string[] = ['quick-sparse', 'quick', 'micro'];

export function DeviceNotice() {
  const engine = useRun(selectEngine);
  const preset = useLab(selectPreset);
  const free = useRun(selectFree);
  const asked = useLab(selectAsked);
  const actions = useLabActions();
  const [dismissed, setDismissed] = useState(false);
  if (engine === null || dismissed || !free) return null;
  const kind = speedClass(engine);
  if (kind === 'gpu' || kind === 'processor') return null;
  const shown = {
    tone: 'info',
    icon: Gauge,
    testId: 'device-notice',
    onDismiss: () => setDismissed(true),
  } as const;
  if (asked) {
    return (
      <Notice
        {...shown}
        title="The settings ask for an engine that is slow here."
        actions={
          <Button
            size="compact-sm"
            variant="default"
            onClick={() => actions.setSetting('run.backend', 'auto')}
          >
            Use the fastest
          </Button>
        }
      >
        {kind === 'imitated'
          ? 'The only graphics card here is imitated on the processor: everything works, only slower than on the processor itself.'
          : 'Everything works, only many times slower than with our own kernels.'}
      </Notice>
    );
  }
  const isSmall = small.includes(preset);
  return (
    <Notice
      {...shown}
      title="Our own kernels cannot run in this browser, so TensorFlow.js does, slowly."
      actions={
        isSmall ? null : (
          <Button size="compact-sm" variant="default" onClick={() => actions.applyPreset('quick-sparse')}>
            Use Quick
          </Button>
        )
      }
    >
      Everything works, only slower
      {isSmall ? '.' : '; the Quick presets show collapse and its cure in minutes.'} A current Chrome, Edge,
      Firefox or Safari is many times faster.
    </Notice>
  );
}
