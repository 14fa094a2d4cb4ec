/**
 * Trajectories, a row each: right or wrong, calls, advantage or round, a strip of its tokens, and why it was cut off if it was.
 *
 * Invariant (inspector.isolated.test.tsx): where no advantage is defined (evaluations) there is a dash.
 */
import { useEffect, useRef } from 'react';
import { Check, X } from 'lucide-react';
import { UnstyledButton } from '@mantine/core';
import { hasLostState } from '../../metrics/interaction.ts';
import type { ScoredTrajectory } from '../../record/runView.ts';
import { formatNumber, missing, plural } from '../app/format.ts';
import { Barcode, BarcodeLegend } from './Barcode.tsx';
import styles from './sampleList.module.css';

export interface SampleRow {
  readonly key: string;
  /** What it is called: “Sample 3”, “Round 12”. */
  readonly name: string;
  readonly trajectory: ScoredTrajectory;
}

interface Props {
  readonly label: string;
  readonly rows: readonly SampleRow[];
  readonly chosen: string | null;
  /** What stands beside the calls: the advantage, a dash where this kind has none, or the round, which is then the row's key. */
  readonly column: 'advantage' | 'noAdvantage' | 'round';
  /** One of two beside each other: what the strips mean is said once, above both. */
  readonly paired?: boolean;
  readonly onPick: (key: string) => void;
}

/** Rows drawn at once; a round of a live run may have hundreds. */
const rowsDrawn = 64;

const stopWord: Record<ScoredTrajectory['stop'], string> = {
  end: '',
  context: 'cut: context',
  budget: 'cut: calls',
};

export function SampleList({ label, rows, chosen, column, paired = false, onPick }: Props) {
  const drawn = rows.slice(0, rowsDrawn);
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => showChosen(list.current), [chosen]);
  const longest = drawn.reduce((most, { trajectory }) => Math.max(most, trajectory.tokens.length), 1);
  return (
    <div ref={list} className={styles.samples} data-column={column} data-paired={paired || undefined}>
      <div className={styles.head} aria-hidden="true">
        <span />
        <span>calls</span>
        <span>{column === 'round' ? 'round' : 'advantage'}</span>
        {paired ? null : <BarcodeLegend />}
      </div>
      {rows.length === 0 ? <p className={styles.none}>None of these.</p> : null}
      <ul className={styles.list} aria-label={label}>
        {drawn.map(({ key, name, trajectory }) => (
          <li key={key}>
            <UnstyledButton
              className={styles.row}
              aria-pressed={key === chosen}
              aria-label={sampleSentence(name, trajectory, column === 'advantage')}
              data-testid={`sample-${key}`}
              onClick={() => onPick(key)}
            >
              {trajectory.reward > 0 ? (
                <Check size={15} strokeWidth={3} className={styles.right} aria-hidden />
              ) : (
                <X size={15} strokeWidth={3} className={styles.wrong} aria-hidden />
              )}
              <span className={styles.number}>{trajectory.calls.length}</span>
              <span className={styles.number}>
                {column === 'round' ? key : column === 'advantage' ? signed(trajectory.advantage) : missing}
              </span>
              <Barcode trajectory={trajectory} longest={longest} />
              <span className={styles.stop}>
                {hasLostState(trajectory) ? 'state lost' : stopWord[trajectory.stop]}
              </span>
            </UnstyledButton>
          </li>
        ))}
      </ul>
      {rows.length > rowsDrawn ? (
        <p className={styles.none}>
          The first {rowsDrawn} of {rows.length}; filter or sort to see others.
        </p>
      ) : null}
    </div>
  );
}

/** Scrolls the list, and nothing around it, as far as the chosen row needs. */
function showChosen(list: HTMLElement | null): void {
  const row = list?.querySelector('[aria-pressed=true]');
  if (list === null || row === null || row === undefined) return;
  const [outer, inner] = [list.getBoundingClientRect(), row.getBoundingClientRect()];
  if (inner.bottom > outer.bottom) list.scrollTop += inner.bottom - outer.bottom;
  else if (inner.top < outer.top) list.scrollTop -= outer.top - inner.top;
}

function signed(advantage: number): string {
  if (Math.abs(advantage) < 0.005) return '0';
  return `${advantage > 0 ? '+' : '−'}${Math.abs(advantage).toFixed(1)}`;
}

function sampleSentence(name: string, trajectory: ScoredTrajectory, advantages: boolean): string {
  const { reward, calls, advantage, stop } = trajectory;
  const end = stop === 'end' ? '' : stop === 'context' ? ', cut off by the context' : ', out of calls';
  const taught = advantages ? `, advantage ${formatNumber(advantage)}` : '';
  const lost = hasLostState(trajectory) ? ', Python lost variables on the way' : '';
  return `${name}: ${reward > 0 ? 'right' : 'wrong'}, ${plural(calls.length, 'call')}${taught}${end}${lost}`;
}
