/**
 * What the lines of the hero chart stand on: the calls' axis, the rounds, and above the plot what is paid for when.
 */
import { xOf, yOf, type PlotBox } from '../../lab/lesson/chartScale.ts';
import { coldStartShare, roundTicks, type Timeline } from '../../lab/lesson/timeline.ts';
import styles from './heroChart.module.css';

interface Props {
  readonly box: PlotBox;
  readonly timeline: Timeline;
  /** Of the calls' axis, the top last. */
  readonly ticks: readonly number[];
}

export function ChartGround({ box, timeline, ticks }: Props) {
  const highest = ticks.at(-1) ?? 1;
  const { left, top, width, height } = box;
  const school = timeline.taught > 0 ? width * coldStartShare : 0;
  const longer = timeline.longer === null ? null : xOf(box, timeline, timeline.longer);
  const narrow = width < 420;
  return (
    <>
      <rect className={styles.school} x={left} y={top} width={school} height={height} />
      {ticks.map((tick) => (
        <g key={tick}>
          <line
            className={tick === 0 ? styles.axis : styles.grid}
            x1={left}
            x2={left + width}
            y1={yOf(box, highest, tick)}
            y2={yOf(box, highest, tick)}
          />
          <text className={styles.tick} x={left - 10} y={yOf(box, highest, tick) + 4} textAnchor="end">
            {tick}
          </text>
        </g>
      ))}
      {roundTicks(timeline, narrow ? 3 : 6).map((round) => (
        <text
          key={round}
          className={styles.tick}
          x={xOf(box, timeline, round)}
          y={top + height + 18}
          textAnchor="middle"
        >
          {round}
        </text>
      ))}
      {narrow || school === 0 ? null : (
        <text className={styles.phase} x={left} y={top - 9}>
          {width < 680 ? 'Imitate' : 'Imitate a teacher'}
        </text>
      )}
      <text className={styles.phase} x={left + school} y={top - 9}>
        {narrow ? 'Paid for right answers' : 'Only right answers are paid'}
      </text>
      {longer === null || narrow ? null : (
        <>
          <line className={styles.change} x1={longer} x2={longer} y1={top} y2={top + height} />
          <text className={styles.phase} x={longer} y={top - 9}>
            Longer problems
          </text>
        </>
      )}
    </>
  );
}
