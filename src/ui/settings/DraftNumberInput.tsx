/**
 * A number field that lets a person finish typing.
 *
 * Invariant (panels.test.tsx): the store takes valid values only, so while one is being typed ("1" on the way to "128") the field shows what
 * was typed, not what the store still holds. A change from elsewhere (a preset, the undo button) replaces what was typed.
 */
import { useState } from 'react';
import { NumberInput, type NumberInputProps } from '@mantine/core';

interface Props extends Omit<NumberInputProps, 'value' | 'onChange'> {
  readonly value: number;
  readonly onNumber: (value: number) => void;
}

export function DraftNumberInput({ value, onNumber, ...props }: Props) {
  const [typed, setTyped] = useState<string | number>(value);
  const [known, setKnown] = useState(value);
  if (value !== known) {
    setKnown(value);
    if (Number(typed) !== value) setTyped(value);
  }
  return (
    <NumberInput
      {...props}
      value={typed}
      clampBehavior="none"
      onChange={(next) => {
        setTyped(next);
        if (next !== '' && next !== '-' && Number.isFinite(Number(next))) onNumber(Number(next));
      }}
      onBlur={() => {
        if (typed === '' || typed === '-') setTyped(value);
      }}
    />
  );
}
