/**
 * A button that copies the settings of the run shown into the form. Nothing where they are the same.
 */
import { Button } from '@mantine/core';
import { differingPaths } from '../../recipes/formModel.ts';
import { shownRun, type LabState } from '../../lab/state.ts';
import { useLab, useLabActions } from '../app/lab.tsx';

const selectDiffers = (state: LabState) => {
  const run = shownRun(state).settings;
  return run !== state.settings && differingPaths(run, state.settings).length > 0;
};

interface AdoptSettingsProps {
  readonly size: 'compact-xs' | 'compact-sm';
  readonly children: string;
}

export function AdoptSettings({ size, children }: AdoptSettingsProps) {
  const differs = useLab(selectDiffers);
  const actions = useLabActions();
  if (!differs) return null;
  return (
    <Button
      size={size}
      variant="default"
      title="Put the settings of the run shown into the form, so that Train runs them"
      onClick={() => actions.adoptRunSettings()}
    >
      {children}
    </Button>
  );
}
