/**
 * Shown where there is no real GPU: that everything works, only slower, and what helps.
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

/** Presets that a processor runs in minutes. */
const small: readonly string[] = ['quick-sparse', 'quick', 'micro'];

export function DeviceNotice() {
  const engine = useRun(selectEngine);
  const preset = useLab(selectPreset);
  const free = useRun(selectFree);
  const asked = useLab(selectAsked);
  const actions = useLabActions();
  const [dismissed, setDismissed] = useState(false);
  if (engine === null || dismissed || !free || speedClass(engine) === 'gpu') return null;
  const software = speedClass(engine) === 'software';
  return (
    <Notice
      tone="info"
      icon={Gauge}
      title={
        software
          ? 'This browser emulates its GPU in software.'
          : asked
            ? 'The settings ask for a backend that runs on the processor.'
            : 'No GPU is available here, so the lab runs on the processor.'
      }
      testId="device-notice"
      onDismiss={() => setDismissed(true)}
      actions={
        small.includes(preset) ? null : (
          <Button size="compact-sm" variant="default" onClick={() => actions.applyPreset('quick-sparse')}>
            Use Quick
          </Button>
        )
      }
    >
      Everything works, only slower
      {small.includes(preset) ? '.' : '; the Quick presets show collapse and its cure in minutes.'}{' '}
      {software || asked
        ? ''
        : 'A current Chrome, Edge, Firefox or Safari with WebGPU switched on is much faster.'}
    </Notice>
  );
}
