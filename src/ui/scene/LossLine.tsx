/**
 * The cold start's loss, as it falls.
 */
import type { SeriesPoint } from '../../record/metricSeries.ts';
import type { Student } from '../../recipes/lessons.ts';
import styles from './livePanel.module.css';

const [width, height] = [300, 44];

export function LossLine({
  points,
  student,
}: {
  readonly points: readonly SeriesPoint[];
  readonly student: Student;
}) {
  const rows = points.flatMap(({ x, ...values }) => {
    const loss = values['train/loss'];
    return loss === undefined ? [] : [{ x, loss }];
  });
  const [last, most] = [rows.at(-1), Math.max(0.1, ...rows.map(({ loss }) => loss))];
  const path = rows
    .map(({ x, loss }, row) => {
      const at = [(width * x) / Math.max(1, last?.x ?? 1), height * (1 - loss / most)];
      return `${row === 0 ? 'M' : 'L'}${at.map((value) => value.toFixed(1)).join(' ')}`;
    })
    .join('');
  return (
    <div className={styles.loss}>
      <svg viewBox={`0 0 ${width} ${height}`} preserveAspectRatio="none" aria-hidden="true">
        <path d={path} data-student={student} vectorEffect="non-scaling-stroke" />
      </svg>
      <span data-testid={`loss-${student}`}>
        {last === undefined ? 'loss –' : `loss ${last.loss.toFixed(2)}`}
      </span>
    </div>
  );
}
