/**
 * One group of the settings form: its sentence and its settings, with how many were changed and whether one is wrong.
 */
import { Accordion } from '@mantine/core';
import { getSetting, type FormGroup, type RunSettings } from '../../recipes/formModel.ts';
import type { LabState } from '../../lab/state.ts';
import { Prose } from './Prose.tsx';
import { SettingField } from './SettingField.tsx';
import styles from './settings.module.css';

interface GroupMarksProps {
  readonly group: FormGroup;
  /** Paths of the settings that differ from the preset's. */
  readonly changed: ReadonlySet<string>;
  readonly problems: LabState['settingProblems'];
}

interface GroupProps extends GroupMarksProps {
  readonly settings: RunSettings;
  /** The preset's settings. */
  readonly base: RunSettings;
}

export function SettingsGroup({ group, settings, base, changed, problems }: GroupProps) {
  return (
    <Accordion.Item value={group.path}>
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
  );
}

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
