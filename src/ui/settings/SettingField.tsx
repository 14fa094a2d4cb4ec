/**
 * One setting: its control, description, unit and problem, and a button that sets it back to the preset's value.
 */
import { useState } from 'react';
import { ActionIcon, Select, Switch, TextInput, Tooltip } from '@mantine/core';
import { Undo2 } from 'lucide-react';
import type { FormField, SettingValue } from '../../recipes/formModel.ts';
import { useLabActions } from '../app/lab.tsx';
import { DraftNumberInput } from './DraftNumberInput.tsx';
import { Prose } from './Prose.tsx';
import styles from './settings.module.css';

interface Props {
  readonly field: FormField;
  readonly value: SettingValue;
  readonly presetValue: SettingValue;
  readonly problem: string | undefined;
}

export function SettingField({ field, value, presetValue, problem }: Props) {
  const actions = useLabActions();
  const changed = value !== presetValue;
  return (
    <div className={styles.field} data-changed={changed} data-testid={`setting-${field.path}`}>
      <Control field={field} value={value} problem={problem} />
      <Tooltip label={`Back to ${String(presetValue)}`} disabled={!changed}>
        <ActionIcon
          variant="subtle"
          color="gray"
          size={24}
          className={styles.reset}
          style={{ visibility: changed ? 'visible' : 'hidden' }}
          aria-label={`Set ${field.title} back to ${String(presetValue)}`}
          onClick={() => actions.setSetting(field.path, presetValue)}
        >
          <Undo2 size={14} aria-hidden />
        </ActionIcon>
      </Tooltip>
    </div>
  );
}

function Control({ field, value, problem }: Pick<Props, 'field' | 'value' | 'problem'>) {
  const actions = useLabActions();
  const shared = {
    label: field.title,
    description: <Prose text={field.description} />,
    error: problem,
    size: 'xs',
    className: styles.input ?? '',
    inputWrapperOrder: ['label', 'description', 'input', 'error'] as (
      | 'label'
      | 'description'
      | 'input'
      | 'error'
    )[],
  } as const;
  switch (field.kind) {
    case 'integer':
    case 'number':
      return (
        <DraftNumberInput
          {...shared}
          value={Number(value)}
          step={field.step}
          allowDecimal={field.kind === 'number'}
          stepHoldDelay={400}
          stepHoldInterval={60}
          suffix={field.unit === '' ? '' : ` ${field.unit}`}
          onNumber={(next) => actions.setSetting(field.path, next)}
        />
      );
    case 'boolean':
      return (
        <Switch
          label={field.title}
          description={<Prose text={field.description} />}
          error={problem}
          size="sm"
          className={styles.input ?? ''}
          checked={value === true}
          onChange={(event) => actions.setSetting(field.path, event.currentTarget.checked)}
        />
      );
    case 'choice':
      return (
        <Select
          {...shared}
          data={[...field.choices]}
          value={String(value)}
          allowDeselect={false}
          onChange={(next) => {
            if (next !== null) actions.setSetting(field.path, next);
          }}
        />
      );
    case 'text':
      return <TextSetting key={String(value)} shared={shared} field={field} value={String(value)} />;
  }
}

/** Text goes to the store as it is typed; what the store refuses stays in the field. */
function TextSetting({ shared, field, value }: { shared: object; field: FormField; value: string }) {
  const actions = useLabActions();
  const [typed, setTyped] = useState(value);
  return (
    <TextInput
      {...shared}
      value={typed}
      onChange={(event) => {
        setTyped(event.currentTarget.value);
        actions.setSetting(field.path, event.currentTarget.value);
      }}
    />
  );
}
