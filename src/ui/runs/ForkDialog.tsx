/**
 * A fork of a run: which checkpoint, which setting, which value; and the rule in a sentence.
 */
import { useMemo, useState } from 'react';
import { Button, Modal, Select, TextInput } from '@mantine/core';
import { forkPaths, forkRule } from '../../lab/fork.ts';
import { recordedForkRule } from '../../lab/recordedMoments.ts';
import type { KeptMoment, RunState } from '../../lab/state.ts';
import { checkSetting, formField, formModel, getSetting } from '../../recipes/formModel.ts';
import { useLabActions } from '../app/lab.tsx';
import styles from './runs.module.css';

interface Props {
  readonly run: RunState;
  /** Oldest first; at least one. */
  readonly moments: readonly KeptMoment[];
  readonly onClose: () => void;
}

export function ForkDialog({ run, moments, onClose }: Props) {
  const actions = useLabActions();
  const recorded = run.source.kind !== 'live';
  const [chosen, setChosen] = useState(() => String(firstChoice(moments)?.number ?? ''));
  const moment = moments.find(({ number }) => String(number) === chosen);
  const paths = useMemo(() => (moment === undefined ? [] : forkPaths(moment.place.phase)), [moment]);
  const [wanted, setPath] = useState(usualPath);
  const path = paths.includes(wanted) ? wanted : (paths[0] ?? '');
  const field = formField(path);
  const group = formModel.find(({ fields }) => fields.some((one) => one.path === path));
  const before = field === undefined ? '' : getSetting(run.settings, path);
  const [text, setText] = useState<string | null>(null);
  const value = parsed(text ?? String(before), field?.kind);
  const checked = checkSetting(path, value);
  const same = value === before;
  const start = () => {
    if (moment === undefined || !checked.ok || same) return;
    void actions.forkRun(run.id, moment.number, path, checked.value);
    onClose();
  };
  return (
    <Modal
      opened
      onClose={onClose}
      title={`Fork “${run.name}”`}
      size="md"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <form
        className={styles.fork}
        onSubmit={(event) => {
          event.preventDefault();
          start();
        }}
      >
        <p className={styles.rule}>{recorded ? recordedForkRule : forkRule}</p>
        <Select
          label={recorded ? 'From the weights after' : 'From the checkpoint after'}
          data={[...moments].reverse().map(({ number, words }) => ({ value: String(number), label: words }))}
          value={chosen}
          allowDeselect={false}
          onChange={(number) => setChosen(number ?? chosen)}
        />
        <Select
          label="Change"
          description={group === undefined ? undefined : `${group.title}: ${field?.description ?? ''}`}
          searchable
          data={formModel.flatMap((group) => {
            const items = group.fields
              .filter((one) => paths.includes(one.path))
              .map((one) => ({ value: one.path, label: one.title }));
            return items.length === 0 ? [] : [{ group: group.title, items }];
          })}
          value={path}
          allowDeselect={false}
          onChange={(next) => {
            setPath(next ?? path);
            setText(null);
          }}
        />
        {field?.kind === 'choice' || field?.kind === 'boolean' ? (
          <Select
            label={`To (it was ${String(before)})`}
            data={field.kind === 'choice' ? [...field.choices] : ['true', 'false']}
            value={text ?? String(before)}
            allowDeselect={false}
            onChange={setText}
          />
        ) : (
          <TextInput
            label={`To (it was ${String(before)})`}
            value={text ?? String(before)}
            error={checked.ok ? undefined : checked.message}
            onChange={(event) => setText(event.currentTarget.value)}
          />
        )}
        <Button type="submit" disabled={moment === undefined || !checked.ok || same} data-testid="start-fork">
          {same ? 'Change the value first' : 'Train the fork'}
        </Button>
      </form>
    </Modal>
  );
}

/** What most forks change. */
const usualPath = 'grpo.klCoefficient';

/** The newest moment from which a fork can still learn something else; after the last round only the evaluation is left to change. */
function firstChoice(moments: readonly KeptMoment[]): KeptMoment | undefined {
  return moments.findLast(({ place }) => forkPaths(place.phase).includes(usualPath)) ?? moments.at(-1);
}

function parsed(text: string, kind: 'integer' | 'number' | 'boolean' | 'choice' | 'text' | undefined) {
  switch (kind) {
    case 'integer':
    case 'number':
      return text.trim() === '' ? Number.NaN : Number(text);
    case 'boolean':
      return text === 'true';
    case 'choice':
    case 'text':
    case undefined:
      return text;
  }
}
