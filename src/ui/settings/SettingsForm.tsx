/**
 * Every setting of a run as a form, made from the schema's own titles, sentences, units and bounds: nothing here names a setting.
 *
 * The store keeps a value that does not parse out of the settings and says why; the form shows that sentence at the field.
 */
import { useState } from 'react';
import { Accordion, Switch, TextInput } from '@mantine/core';
import { Search } from 'lucide-react';
import { findPreset, presetSettings } from '../../recipes/presets.ts';
import { differingPaths, formModel, type FormField, type FormGroup } from '../../recipes/formModel.ts';
import type { LabState, RunState } from '../../lab/state.ts';
import { useLab, useRun } from '../app/lab.tsx';
import { AdoptSettings } from './AdoptSettings.tsx';
import { SettingsGroup } from './SettingsGroup.tsx';
import styles from './settings.module.css';

const selectSettings = (state: LabState) => state.settings;
const selectProblems = (state: LabState) => state.settingProblems;
const selectPreset = (state: LabState) => state.presetName;
const selectHasRun = (run: RunState) => run.status !== 'idle';

/** Which settings a person wants to see. */
interface Filter {
  readonly words: string;
  readonly onlyChanged: boolean;
}

export function SettingsForm() {
  const settings = useLab(selectSettings);
  const problems = useLab(selectProblems);
  const presetName = useLab(selectPreset);
  const [filter, setFilter] = useState<Filter>({ words: '', onlyChanged: false });
  const [open, setOpen] = useState<string[]>([]);
  const base = presetSettings(presetName);
  const changed = new Set(differingPaths(base, settings));
  const groups = matchingGroups(filter, changed);
  const filtering = filter.words.trim() !== '' || filter.onlyChanged;
  return (
    <div className={styles.settings} data-testid="settings">
      <NextRunNote />
      <FilterBar filter={filter} changed={changed.size} onChange={setFilter} />
      <WholeProblems problems={problems} />
      {groups.length === 0 ? (
        <NoMatch onlyChanged={filter.onlyChanged} presetTitle={findPreset(presetName)?.title ?? presetName} />
      ) : null}
      <Accordion
        multiple
        variant="default"
        chevronSize={16}
        value={filtering ? groups.map(({ path }) => path) : open}
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
          <SettingsGroup
            key={group.path}
            group={group}
            settings={settings}
            base={base}
            changed={changed}
            problems={problems}
          />
        ))}
      </Accordion>
    </div>
  );
}

/** The groups that have a setting which the filter lets through, with those settings only. */
function matchingGroups({ words, onlyChanged }: Filter, changed: ReadonlySet<string>): readonly FormGroup[] {
  return formModel
    .map((group) => ({
      ...group,
      fields: group.fields.filter(
        (field) => (!onlyChanged || changed.has(field.path)) && mentions(group, field, words),
      ),
    }))
    .filter(({ fields }) => fields.length > 0);
}

function mentions(group: FormGroup, field: FormField, searched: string): boolean {
  const words = searched.trim().toLowerCase().split(/\s+/);
  const text = `${group.title} ${field.title} ${field.description} ${field.path}`.toLowerCase();
  return words.every((word) => text.includes(word));
}

interface FilterBarProps {
  readonly filter: Filter;
  /** How many settings differ from the preset's. */
  readonly changed: number;
  readonly onChange: (filter: Filter) => void;
}

function FilterBar({ filter, changed, onChange }: FilterBarProps) {
  return (
    <div className={styles.tools}>
      <TextInput
        aria-label="Search the settings"
        placeholder="Search the settings"
        size="xs"
        className={styles.search}
        leftSection={<Search size={14} aria-hidden />}
        value={filter.words}
        onChange={(event) => onChange({ ...filter, words: event.currentTarget.value })}
      />
      <Switch
        size="xs"
        label={`Changed (${changed})`}
        checked={filter.onlyChanged}
        onChange={(event) => onChange({ ...filter, onlyChanged: event.currentTarget.checked })}
      />
    </div>
  );
}

/** Problems of the settings as a whole; the others stand at their fields. */
function WholeProblems({ problems }: { problems: LabState['settingProblems'] }) {
  return problems
    .filter(({ path }) => path === '')
    .map(({ message }) => (
      <p key={message} className={styles.problem} role="alert">
        {message}
      </p>
    ));
}

function NoMatch({ onlyChanged, presetTitle }: { onlyChanged: boolean; presetTitle: string }) {
  return (
    <p className={styles.none}>
      {onlyChanged ? `Nothing differs from “${presetTitle}”.` : 'No setting matches.'}
    </p>
  );
}

/** While a run is shown: that the form is about the next one. */
function NextRunNote() {
  const hasRun = useRun(selectHasRun);
  if (!hasRun) return null;
  return (
    <div className={styles.nextRun} role="status">
      <span>These settings are for the next run; the one shown keeps its own.</span>
      <AdoptSettings size="compact-xs">Use those of the run shown</AdoptSettings>
    </div>
  );
}
