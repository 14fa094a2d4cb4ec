/**
 * The two choices that matter before a click on Train: which preset, which seed.
 *
 * Every preset is in the menu, in one of its groups (the type of `groupOf`); the two presets of a comparison stand together.
 */
import { Select, type ComboboxItem } from '@mantine/core';
import { findPreset, type PresetName } from '../../recipes/presets.ts';
import type { LabState } from '../../lab/state.ts';
import { useLab, useLabActions } from '../app/lab.tsx';
import { DraftNumberInput } from '../settings/DraftNumberInput.tsx';
import styles from './topBar.module.css';

const selectPreset = (state: LabState) => state.presetName;
const selectSeed = (state: LabState) => state.settings.run.seed;

const groups = {
  collapse: 'Collapse and its cure: the same run, two cold starts',
  scratch: 'From scratch: without a base',
  test: 'For tests: every phase, in seconds',
} as const;

/** In the order of the menu, smallest first. */
const groupOf: Readonly<Record<PresetName, keyof typeof groups>> = {
  quick: 'collapse',
  'quick-sparse': 'collapse',
  nano: 'collapse',
  'nano-sparse': 'collapse',
  scratch: 'scratch',
  'scratch-sparse': 'scratch',
  micro: 'test',
  'micro-sparse': 'test',
};

const choices = Object.entries(groups).map(([key, group]) => ({
  group,
  items: Object.entries(groupOf)
    .filter(([, one]) => one === key)
    .map(([value]) => ({ value, label: findPreset(value)?.title ?? value })),
}));

export function PresetSelect() {
  const preset = useLab(selectPreset);
  const actions = useLabActions();
  return (
    <Select
      aria-label="Preset"
      className={styles.preset}
      size="sm"
      data={choices}
      value={preset}
      allowDeselect={false}
      comboboxProps={{ width: 340, position: 'bottom-start' }}
      renderOption={PresetOption}
      maxDropdownHeight={460}
      onChange={(name) => {
        if (name !== null) actions.applyPreset(name);
      }}
    />
  );
}

function PresetOption({ option }: { option: ComboboxItem }) {
  const preset = findPreset(option.value);
  return (
    <div className={styles.option}>
      <strong>{option.label}</strong>
      <span>{preset?.description}</span>
      <span className={styles.optionTakes}>{preset?.takes}</span>
    </div>
  );
}

export function SeedInput() {
  const seed = useLab(selectSeed);
  const actions = useLabActions();
  return (
    <DraftNumberInput
      aria-label="Seed"
      className={styles.seed ?? ''}
      size="sm"
      value={seed}
      min={0}
      max={2 ** 31 - 1}
      allowDecimal={false}
      allowNegative={false}
      leftSection={<span className={styles.seedWord}>seed</span>}
      leftSectionWidth={40}
      hideControls
      onNumber={(value) => actions.setSetting('run.seed', value)}
    />
  );
}
