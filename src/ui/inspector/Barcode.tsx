/**
 * A trajectory as a strip: how long it thought, where it called, what came back, whether it answered.
 *
 * Width is in tokens, scaled to the longest trajectory of the group. Kinds differ in height and pattern, not only in colour. Screen readers
 * skip the strip; the row's label says the same in words. A call that was never closed, so that nothing ran, is an empty frame.
 */
import { memo, useMemo } from 'react';
import type { Trajectory } from '../../tasks/trajectory.ts';
import { tokenSegments } from './segments.ts';
import styles from './barcode.module.css';

interface Props {
  readonly trajectory: Pick<Trajectory, 'tokens' | 'lossMask' | 'stop'>;
  /** Tokens of the longest trajectory in the list. */
  readonly longest: number;
}

export const Barcode = memo(function Barcode({ trajectory, longest }: Props) {
  const segments = useMemo(() => tokenSegments(trajectory), [trajectory]);
  return (
    <span className={styles.barcode} aria-hidden="true">
      {segments.map(({ kind, from, to, finished }) => (
        <span
          key={from}
          className={styles.segment}
          data-kind={kind}
          data-unfinished={!finished || undefined}
          style={{ width: `${(100 * (to - from)) / longest}%` }}
        />
      ))}
      {trajectory.stop === 'end' ? null : <span className={styles.cut} />}
    </span>
  );
});

export function BarcodeLegend() {
  const kinds = [
    ['prompt', 'problem'],
    ['thought', 'thought'],
    ['call', 'call'],
    ['response', 'output'],
    ['answer', 'answer'],
  ] as const;
  return (
    <ul className={styles.legend} aria-hidden="true">
      {kinds.map(([kind, label]) => (
        <li key={kind}>
          <span className={styles.key}>
            <span className={styles.segment} data-kind={kind} style={{ width: '100%' }} />
          </span>
          {label}
        </li>
      ))}
    </ul>
  );
}
