/**
 * Which of the kept rounds is read: a slider with a step either way, and the round in words.
 */
import { ActionIcon } from '@mantine/core';
import { ChevronLeft, ChevronRight } from 'lucide-react';
import type { PhaseName } from '../../record/runView.ts';
import type { RunState } from '../../lab/state.ts';
import { useRun } from '../app/lab.tsx';
import { Range } from '../app/Range.tsx';
import styles from './inspector.module.css';

interface Place {
  readonly round: number;
  readonly phase: PhaseName;
}

interface Props<T extends Place> {
  readonly rounds: readonly T[];
  /** The one shown; it may have left `rounds`. */
  readonly round: T;
  readonly onPick: (round: T) => void;
}

const selectPhaseNames = (run: RunState) => run.phases.map(({ name, label }) => `${name}=${label}`).join('|');

const isSame = (a: Place, b: Place) => a.round === b.round && a.phase === b.phase;

export function RoundSlider<T extends Place>({ rounds, round, onPick }: Props<T>) {
  const names = new Map(
    useRun(selectPhaseNames)
      .split('|')
      .map((pair) => pair.split('=') as [string, string]),
  );
  // The round being read may have left the store; it stays in the list as long as it is shown.
  const listed = rounds.some((kept) => isSame(kept, round)) ? rounds : [round, ...rounds];
  const index = listed.findIndex((kept) => isSame(kept, round));
  const words = `Round ${round.round} · ${names.get(round.phase) ?? round.phase}`;
  const go = (to: number) => {
    const next = listed[to];
    if (next !== undefined) onPick(next);
  };
  return (
    <div className={styles.picker}>
      <ActionIcon
        variant="default"
        size={28}
        aria-label="Earlier round"
        disabled={index <= 0}
        onClick={() => go(index - 1)}
      >
        <ChevronLeft size={16} aria-hidden />
      </ActionIcon>
      <Range
        className={styles.slider}
        aria-label="Round"
        aria-valuetext={words}
        min={0}
        max={Math.max(0, listed.length - 1)}
        value={index}
        disabled={listed.length < 2}
        data-keys
        onChange={(event) => go(Number(event.currentTarget.value))}
      />
      <ActionIcon
        variant="default"
        size={28}
        aria-label="Later round"
        disabled={index >= listed.length - 1}
        onClick={() => go(index + 1)}
      >
        <ChevronRight size={16} aria-hidden />
      </ActionIcon>
      <span className={styles.roundWords} data-testid="round-shown">
        {words}
      </span>
    </div>
  );
}
