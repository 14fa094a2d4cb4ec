/**
 * One attempt as it was written: thought, the code of each call, what Python printed, the answer.
 */
import { useMemo } from 'react';
import { decodeTokens } from '../../tasks/vocabulary.ts';
import type { ScoredTrajectory } from '../../record/runView.ts';
import { tokenSegments, type SegmentKind } from '../inspector/segments.ts';
import styles from './attempt.module.css';

/** Names of control tokens, which the parts' looks already tell. */
const control = /<\|?\/?[a-z_]+\|?>/g;
const spoken: Readonly<Record<SegmentKind, string>> = {
  prompt: '',
  thought: 'thinks',
  call: 'asks Python',
  response: 'Python prints',
  answer: 'answers',
};

export function Attempt({ trajectory }: { readonly trajectory: ScoredTrajectory | undefined }) {
  const parts = useMemo(
    () =>
      trajectory === undefined
        ? []
        : tokenSegments(trajectory)
            .map(({ kind, from, to, finished }) => ({
              kind,
              from,
              finished,
              text: decodeTokens(trajectory.tokens.subarray(from, to)).replace(control, '').trim(),
            }))
            .filter(({ kind, text }) => kind !== 'prompt' && text !== ''),
    [trajectory],
  );
  if (trajectory === undefined) return <p className={styles.attempt} />;
  const right = trajectory.reward > 0;
  // Another attempt is another paragraph: its parts do not move out of the last one's.
  const written = parts.map(({ kind, text }) => `${kind} ${text}`).join() + String(right) + trajectory.stop;
  return (
    <p key={written} className={styles.attempt} data-testid="attempt">
      {parts.map(({ kind, from, text, finished }) => (
        <span key={from} className={styles.part} data-kind={kind} data-unfinished={!finished || undefined}>
          <span className="scene-hidden">{finished ? spoken[kind] : 'begins to ask Python'} </span>
          {text}
        </span>
      ))}
      <span className={styles.verdict} data-right={right}>
        {right ? 'right' : trajectory.stop === 'end' ? 'wrong' : 'ran out of room'}
      </span>
    </p>
  );
}
