/**
 * Runs that go on now, drawn over the recordings: their lines, where they have got to, their names; and the names of the recordings.
 */
import { callsText } from '../../lab/lesson/captions.ts';
import { linePath, spread, xOf, yOf, type PlotBox } from '../../lab/lesson/chartScale.ts';
import { newestAt, type StudentRun } from '../../lab/lesson/pair.ts';
import { students, type Student } from '../../recipes/lessons.ts';
import type { Scene } from './useScene.ts';
import styles from './heroChart.module.css';

/** Of a label of two lines, pixels. */
export const labelHeight = 36;

/** A run that goes on now, or has gone on from a moment of another. */
export interface LiveLine {
  readonly id: string;
  readonly student: Student;
  readonly name: string;
  readonly run: StudentRun;
  /** Whether it went on from a moment of student a, with one thing changed. */
  readonly rescued: boolean;
}

interface Props {
  readonly box: PlotBox;
  readonly scene: Scene;
  /** Calls at the top of the axis. */
  readonly highest: number;
  readonly live: readonly LiveLine[];
}

export function LiveMarks({ box, scene, highest, live }: Props) {
  const { timeline } = scene;
  const marks = live.flatMap((line) => {
    const [round, calls] = [line.run.calls.x.at(-1), line.run.calls.y.at(-1)];
    if (round === undefined || calls === undefined) return [];
    return [{ ...line, calls, x: xOf(box, timeline, round), y: yOf(box, highest, calls) }];
  });
  const labels = spread(
    box,
    marks.map(({ y }) => y),
    labelHeight,
  );
  const crowded = marks.some(({ x }) => x > box.left + 0.85 * box.width);
  return (
    <>
      {crowded ? null : <RecordingNames box={box} scene={scene} highest={highest} />}
      {marks.map(({ id, student, name, run, rescued, calls, x, y }, i) => (
        <g
          key={id}
          className={rescued ? styles.rescued : undefined}
          data-testid={rescued ? 'rescued-line' : `live-line-${student}`}
        >
          <path
            className={styles.line}
            data-student={student}
            d={linePath(box, timeline, highest, run.calls)}
          />
          <circle className={styles.dot} data-student={student} r={5.5} cx={x} cy={y} />
          <g
            className={styles.label}
            data-student={student}
            transform={`translate(${x + 12} ${labels[i] ?? y})`}
          >
            <text className={styles.name} y={-3}>
              {name}
            </text>
            <text className={styles.value} y={13}>{`${callsText(calls)} calls`}</text>
          </g>
        </g>
      ))}
    </>
  );
}

function RecordingNames({ box, scene, highest }: Omit<Props, 'live'>) {
  const { pair, timeline, lesson } = scene;
  const ends = students.map((who) => yOf(box, highest, newestAt(pair[who].calls, timeline.last) ?? 0));
  const labels = spread(box, ends, labelHeight);
  return students.map((who, i) => (
    <g
      key={who}
      className={styles.label}
      data-student={who}
      transform={`translate(${box.left + box.width + 12} ${labels[i] ?? 0})`}
    >
      <text className={styles.value} y={-3}>
        {lesson.students[who].name}
      </text>
      <text className={styles.value} y={13}>
        recorded
      </text>
    </g>
  ));
}
