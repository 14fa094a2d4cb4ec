/**
 * Which round's rollouts to read: those still kept, newest first.
 */
import { ActionIcon, Select } from '@mantine/core';
import { ChevronLeft, ChevronRight } from 'lucide-react';
import type { RoundView } from '../../record/runView.ts';
import type { RunState } from '../../lab/state.ts';
import { useRun } from '../app/lab.tsx';
import styles from './inspector.module.css';

interface Props {
  readonly rounds: readonly RoundView[];
  readonly round: RoundView;
  readonly onPick: (round: RoundView) => void;
}

const selectPhaseNames = (run: RunState) => run.phases.map(({ name, label }) => `${name}=${label}`).join('|');

const keyOf = (round: RoundView) => `${round.phase}-${round.round}`;

export function RoundPicker({ rounds, round, onPick }: Props) {
  const names = new Map(
    useRun(selectPhaseNames)
      .split('|')
      .map((pair) => pair.split('=') as [string, string]),
  );
  // The round being read may have left the store; it stays in the list as long as it is shown.
  const listed = rounds.some((kept) => keyOf(kept) === keyOf(round)) ? rounds : [round, ...rounds];
  const index = listed.findIndex((kept) => keyOf(kept) === keyOf(round));
  const data = listed.toReversed().map((kept) => ({
    value: keyOf(kept),
    label: `Round ${kept.round} · ${names.get(kept.phase) ?? kept.phase}`,
  }));
  const go = (to: number) => {
    const next = listed[to];
    if (next !== undefined) onPick(next);
  };
  return (
    <div className={styles.picker}>
      <ActionIcon
        variant="default"
        size={30}
        aria-label="Earlier round"
        disabled={index <= 0}
        onClick={() => go(index - 1)}
      >
        <ChevronLeft size={16} aria-hidden />
      </ActionIcon>
      <Select
        aria-label="Round"
        size="xs"
        className={styles.select}
        data={data}
        value={keyOf(round)}
        allowDeselect={false}
        onChange={(key) => go(listed.findIndex((kept) => keyOf(kept) === key))}
      />
      <ActionIcon
        variant="default"
        size={30}
        aria-label="Later round"
        disabled={index >= listed.length - 1}
        onClick={() => go(index + 1)}
      >
        <ChevronRight size={16} aria-hidden />
      </ActionIcon>
    </div>
  );
}
