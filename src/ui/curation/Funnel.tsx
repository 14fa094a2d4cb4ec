/**
 * From pool to curated set: how many trajectories each filter dropped, as a row of bars; each can be opened.
 */
import { UnstyledButton } from '@mantine/core';
import type { RunSettings } from '../../recipes/formModel.ts';
import type { CurationReport } from '../../curation/curate.ts';
import type { BinSettings } from '../../curation/density.ts';
import { formatNumber, formatShare } from '../app/format.ts';
import styles from './funnel.module.css';

export type Shown = 'kept' | keyof CurationReport['dropped'];

interface Props {
  readonly report: CurationReport;
  readonly bins: BinSettings & Pick<RunSettings['curation'], 'bin'>;
  readonly shown: Shown;
  readonly onShow: (shown: Shown) => void;
}

export function Funnel({ report, bins, shown, onShow }: Props) {
  const { pool, dropped, kept } = report;
  const steps: readonly { readonly id: Shown; readonly label: string; readonly count: number }[] = [
    { id: 'wrongAnswer', label: 'wrong answer', count: dropped.wrongAnswer },
    { id: 'failedCall', label: 'a call failed', count: dropped.failedCall },
    { id: 'otherBin', label: `not ${binWords(bins)}`, count: dropped.otherBin },
    { id: 'surplus', label: 'more than needed', count: dropped.surplus },
  ];
  const afterEach = steps.map((_, index) =>
    steps.slice(0, index + 1).reduce((left, { count }) => left - count, pool),
  );
  return (
    <div className={styles.funnel}>
      <div className={styles.row}>
        <span className={styles.label}>pool</span>
        <span className={styles.bar}>
          <span className={styles.left} style={{ width: '100%' }} />
        </span>
        <span className={styles.count}>{formatNumber(pool)}</span>
      </div>
      {steps.map(({ id, label, count }, index) => (
        <UnstyledButton
          key={id}
          className={styles.row}
          aria-pressed={shown === id}
          disabled={count === 0}
          data-testid={`dropped-${id}`}
          data-value={count}
          onClick={() => onShow(id)}
        >
          <span className={styles.label}>{label}</span>
          <span className={styles.bar}>
            <span className={styles.left} style={{ width: share(afterEach[index]!, pool) }} />
            <span className={styles.dropped} style={{ width: share(count, pool) }} />
          </span>
          <span className={styles.count}>
            {count > 0 ? '−' : ''}
            {formatNumber(count)}
          </span>
        </UnstyledButton>
      ))}
      <UnstyledButton
        className={styles.row}
        aria-pressed={shown === 'kept'}
        data-testid="curated"
        data-value={kept}
        onClick={() => onShow('kept')}
      >
        <strong className={styles.label}>kept: {binWords(bins)}</strong>
        <span className={styles.bar}>
          <span className={styles.kept} style={{ width: share(kept, pool) }} />
        </span>
        <strong className={styles.count}>
          {formatNumber(kept)} · {formatShare(kept / Math.max(1, pool))}
        </strong>
      </UnstyledButton>
    </div>
  );
}

function share(part: number, whole: number): string {
  return `${(100 * part) / Math.max(1, whole)}%`;
}

function binWords({ bin, sparseMax, denseMin }: Props['bins']): string {
  switch (bin) {
    case 'all':
      return 'any density';
    case 'sparse':
      return `sparse (≤ ${sparseMax})`;
    case 'medium':
      return `medium (${sparseMax + 1}–${denseMin - 1})`;
    case 'dense':
      return `dense (≥ ${denseMin})`;
    case 'belowDense':
      return `below dense (< ${denseMin})`;
  }
}
