/**
 * The samples of one group, a row each: right or wrong, calls, advantage, a strip of its tokens, and why it was cut off if it was.
 */
import { Check, X } from 'lucide-react';
import { UnstyledButton } from '@mantine/core';
import type { ScoredTrajectory } from '../../record/runView.ts';
import { formatNumber, plural } from '../app/format.ts';
import { Barcode, BarcodeLegend } from './Barcode.tsx';
import type { Group } from './groups.ts';
import styles from './sampleList.module.css';

interface Props {
  readonly group: Group;
  readonly chosen: number;
  readonly onPick: (sample: number) => void;
}

const stopWord: Record<ScoredTrajectory['stop'], string> = {
  end: '',
  context: 'cut: context',
  budget: 'cut: calls',
};

export function SampleList({ group, chosen, onPick }: Props) {
  const longest = group.samples.reduce((most, { tokens }) => Math.max(most, tokens.length), 1);
  return (
    <div className={styles.samples}>
      <div className={styles.head} aria-hidden="true">
        <span />
        <span>calls</span>
        <span>adv.</span>
        <BarcodeLegend />
      </div>
      <ul className={styles.list} aria-label="Samples of this group">
        {group.samples.map((trajectory) => (
          <li key={trajectory.sample}>
            <UnstyledButton
              className={styles.row}
              aria-pressed={trajectory.sample === chosen}
              aria-label={sampleSentence(trajectory)}
              data-testid={`sample-${trajectory.sample}`}
              onClick={() => onPick(trajectory.sample)}
            >
              {trajectory.reward > 0 ? (
                <Check size={15} strokeWidth={3} className={styles.right} aria-hidden />
              ) : (
                <X size={15} strokeWidth={3} className={styles.wrong} aria-hidden />
              )}
              <span className={styles.number}>{trajectory.calls.length}</span>
              <span className={styles.number}>{signed(trajectory.advantage)}</span>
              <Barcode trajectory={trajectory} longest={longest} />
              <span className={styles.stop}>{stopWord[trajectory.stop]}</span>
            </UnstyledButton>
          </li>
        ))}
      </ul>
    </div>
  );
}

function signed(advantage: number): string {
  if (Math.abs(advantage) < 0.005) return '0';
  return `${advantage > 0 ? '+' : '−'}${Math.abs(advantage).toFixed(1)}`;
}

function sampleSentence({ sample, reward, calls, advantage, stop }: ScoredTrajectory): string {
  const end = stop === 'end' ? '' : stop === 'context' ? ', cut off by the context' : ', out of calls';
  return `Sample ${sample + 1}: ${reward > 0 ? 'right' : 'wrong'}, ${plural(calls.length, 'call')}, advantage ${formatNumber(advantage)}${end}`;
}
