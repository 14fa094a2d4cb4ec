/**
 * Every setting of a run as a form, made from the schema's own titles, sentences, units and bounds.
 *
 * Invariant: nothing here names a setting. What does not parse is kept out by the store, which says why; the form shows
 * that sentence at the field.
 */
import { useState } from 'react';
import { Accordion, Switch, TextInput } from '@mantine/core';
import { Search } from 'lucide-react';
import { findPreset, presetSettings } from '../../recipes/presets.ts';
import {
  differingPaths,
  formModel,
  getSetting,
  type FormField,
  type FormGroup,
} from '../../recipes/formModel.ts';
import type { LabState, RunState } from '../../lab/state.ts';
import { useLab, useRun } from '../app/lab.tsx';
import { AdoptSettings } from './AdoptSettings.tsx';
import { Prose } from './Prose.tsx';
import { SettingField } from './SettingField.tsx';
import styles from './settings.module.css';

const selectSettings = (state: LabState) => state.settings;
const selectProblems = (state: LabState) => state.settingProblems;
const selectPreset = (state: LabState) => state.presetName;
const selectHasRun = (run: RunState) => run.status !== 'idle';

export function SettingsForm() {
  const settings = useLab(selectSettings);
  const problems = useLab(selectProblems);
  const presetName = useLab(selectPreset);
  const [wanted, setWanted] = useState('');
  const [onlyChanged, setOnlyChanged] = useState(false);
  const [open, setOpen] = useState<string[]>([]);
  const base = presetSettings(presetName);
  const changed = new Set(differingPaths(base, settings));
  const matches = (group: FormGroup, field: FormField) =>
    (!onlyChanged || changed.has(field.path)) && mentions(group, field, wanted);
  const groups = formModel
    .map((group) => ({ ...group, fields: group.fields.filter((field) => matches(group, field)) }))
    .filter(({ fields }) => fields.length > 0);
  const searching = wanted.trim() !== '' || onlyChanged;
  return (
    <div className={styles.settings} data-testid="settings">
      <NextRunNote />
      <div className={styles.tools}>
        <TextInput
          aria-label="Search the settings"
          placeholder="Search the settings"
          size="xs"
          className={styles.search}
          leftSection={<Search size={14} aria-hidden />}
          value={wanted}
          onChange={(event) => setWanted(event.currentTarget.value)}
        />
        <Switch
          size="xs"
          label={`Changed (${changed.size})`}
          checked={onlyChanged}
          onChange={(event) => setOnlyChanged(event.currentTarget.checked)}
        />
      </div>
      {problems
        .filter(({ path }) => path === '')
        .map(({ message }) => (
          <p key={message} className={styles.problem} role="alert">
            {message}
          </p>
        ))}
      {groups.length === 0 ? (
        <p className={styles.none}>
          {onlyChanged
            ? `Nothing differs from “${findPreset(presetName)?.title ?? presetName}”.`
            : 'No setting matches.'}
        </p>
      ) : null}
      <Accordion
        multiple
        variant="default"
        chevronSize={16}
        value={searching ? groups.map(({ path }) => path) : open}
        onChange={setOpen}
        keepMounted={false}
        transitionDuration={0}
        classNames={{
          control: styles.control ?? '',
          label: styles.groupLabel ?? '',
          content: styles.content ?? '',
        }}
      >
        {groups.map((group) => (
          <Accordion.Item key={group.path} value={group.path}>
            <Accordion.Control>
              <span className={styles.groupTitle}>{group.title}</span>
              <GroupMarks group={group} changed={changed} problems={problems} />
            </Accordion.Control>
            <Accordion.Panel>
              <p className={styles.groupHelp}>
                <Prose text={group.description} />
              </p>
              {group.fields.map((field) => (
                <SettingField
                  key={field.path}
                  field={field}
                  value={getSetting(settings, field.path)}
                  presetValue={getSetting(base, field.path)}
                  problem={problems.find(({ path }) => path === field.path)?.message}
                />
              ))}
            </Accordion.Panel>
          </Accordion.Item>
        ))}
      </Accordion>
    </div>
  );
}

function mentions(group: FormGroup, field: FormField, wanted: string): boolean {
  const words = wanted.trim().toLowerCase().split(/\s+/);
  const text = `${group.title} ${field.title} ${field.description} ${field.path}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

interface GroupMarksProps {
  readonly group: FormGroup;
  readonly changed: ReadonlySet<string>;
  readonly problems: LabState['settingProblems'];
}

/** How many of a group's settings were changed, and whether one is wrong. */
function GroupMarks({ group, changed, problems }: GroupMarksProps) {
  const count = group.fields.filter(({ path }) => changed.has(path)).length;
  const wrong = problems.some(({ path }) => path.startsWith(`${group.path}.`) || path === group.path);
  return (
    <span className={styles.marks}>
      {wrong ? <span className={styles.wrong}>does not fit</span> : null}
      {count > 0 ? <span className={styles.changedCount}>{count} changed</span> : null}
    </span>
  );
}

/** Said while a run is shown whose settings the form does not hold. */
function NextRunNote() {
  const hasRun = useRun(selectHasRun);
  if (!hasRun) return null;
  return (
    <div className={styles.nextRun} role="status">
      <span>These settings are for the next run; the one shown keeps its own.</span>
      <AdoptSettings size="compact-xs">Take those of the run shown</AdoptSettings>
    </div>
  );
}
