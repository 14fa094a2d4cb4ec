/**
 * The question as two handles at the right of the chart: where a person thinks each line ends. Dragged, or moved by arrow keys.
 */
import { useRef } from 'react';
import type { Guess } from '../../lab/lesson/link.ts';
import { newestAt } from '../../lab/lesson/pair.ts';
import { yOf, type PlotBox } from '../../lab/lesson/chartScale.ts';
import { students, type Student } from '../../recipes/lessons.ts';
import type { Scene } from './useScene.ts';
import styles from './heroChart.module.css';

interface Props {
  readonly scene: Scene;
  readonly box: PlotBox;
  /** Calls at the top of the axis. */
  readonly highest: number;
}

const rounded = (calls: number, highest: number) =>
  Math.round(10 * Math.min(highest, Math.max(0, calls))) / 10;

/** Where both lines stand when the question is asked: as if nothing would change. */
export function unchanged({ pair, timeline }: Pick<Scene, 'pair' | 'timeline'>): Guess {
  const now = (who: Student) => Math.round(10 * (newestAt(pair[who].calls, timeline.taught) ?? 0)) / 10;
  return { a: now('a'), b: now('b') };
}

export function GuessHandles({ scene, box, highest }: Props) {
  const frame = useRef<HTMLDivElement>(null);
  const guess = scene.guess ?? unchanged(scene);
  const set = (who: Student, calls: number) => scene.setGuess({ ...guess, [who]: rounded(calls, highest) });
  const drag = (who: Student, event: React.PointerEvent) => {
    const bounds = frame.current?.getBoundingClientRect();
    if (bounds === undefined) return;
    set(who, highest * (1 - (event.clientY - bounds.top) / bounds.height));
  };
  return (
    <div
      ref={frame}
      className={styles.guesses}
      style={{ left: box.left + box.width, top: box.top, height: box.height }}
    >
      {students.map((who) => (
        <div
          key={who}
          role="slider"
          tabIndex={0}
          className={styles.handle}
          data-student={who}
          data-testid={`guess-handle-${who}`}
          aria-label={`Your guess: where ${scene.lesson.students[who].name} ends`}
          aria-orientation="vertical"
          aria-valuemin={0}
          aria-valuemax={highest}
          aria-valuenow={guess[who]}
          aria-valuetext={`${guess[who].toFixed(1)} calls per attempt`}
          style={{ top: yOf(box, highest, guess[who]) - box.top }}
          onPointerDown={(event) => event.currentTarget.setPointerCapture(event.pointerId)}
          onPointerMove={(event) => {
            if (event.currentTarget.hasPointerCapture(event.pointerId)) drag(who, event);
          }}
          onKeyDown={(event) => {
            const step = {
              ArrowUp: 0.1,
              ArrowRight: 0.1,
              ArrowDown: -0.1,
              ArrowLeft: -0.1,
              PageUp: 1,
              PageDown: -1,
            }[event.key];
            const to =
              event.key === 'Home'
                ? 0
                : event.key === 'End'
                  ? highest
                  : step === undefined
                    ? null
                    : guess[who] + step;
            if (to === null) return;
            event.preventDefault();
            set(who, to);
          }}
        >
          <span className={styles.grip} aria-hidden="true" />
          <span className={styles.handleText} aria-hidden="true">
            {scene.lesson.students[who].name} {guess[who].toFixed(1)}?
          </span>
        </div>
      ))}
    </div>
  );
}
