/**
 * What is going on, in words and in three pairs of numbers. It asks the question first, if the lesson has one.
 *
 * The caption is the page's live region. While the lesson plays it changes with the story's moments, and between them at most every few
 * seconds, so that a screen reader can keep up; by hand it follows every round. It has the room of the longest from the start, so that
 * nothing below it moves when another is told.
 */
import { useEffect, useMemo, useRef, useState } from 'react';
import { captionAt, callsText, examText, percent, roundOf } from '../../lab/lesson/captions.ts';
import { newestAt } from '../../lab/lesson/pair.ts';
import { students } from '../../recipes/lessons.ts';
import { unchanged } from './GuessHandles.tsx';
import { phaseName } from './roundName.ts';
import { usePlaying, useRound, type Scene } from './useScene.ts';
import styles from './narrator.module.css';

/** Shortest time between two captions of one moment while it plays, milliseconds. */
const rest = 2500;

/** The round that the caption speaks of. */
function useSpokenRound(scene: Scene): number {
  const round = useRound(scene);
  const playing = usePlaying(scene);
  const [spoken, setSpoken] = useState(round);
  const changed = useRef(0);
  const turns = [...scene.moments.values()].some((at) => at > spoken && at <= round) || round < spoken;
  useEffect(() => {
    if (round === spoken) return;
    const wait = playing && !turns ? Math.max(0, changed.current + rest - performance.now()) : 0;
    const timer = setTimeout(() => {
      changed.current = performance.now();
      setSpoken(round);
    }, wait);
    return () => clearTimeout(timer);
  }, [round, spoken, playing, turns]);
  return playing ? spoken : round;
}

export function Narrator({ scene }: { readonly scene: Scene }) {
  const { lesson, pair, timeline, moments, stage, guess } = scene;
  const round = useRound(scene);
  const spoken = useSpokenRound(scene);
  const over = round >= timeline.last && stage !== 'asking';
  return (
    <section className={styles.narrator} aria-label="What happens now">
      <p className="scene-where" data-testid="scene-round">
        <strong key={round}>
          Round {round} of {timeline.last}
        </strong>
        <span>{phaseName(timeline, round)}</span>
      </p>
      <div className={styles.told}>
        <Room scene={scene} />
        {stage === 'asking' ? (
          <Question scene={scene} />
        ) : (
          <p className={styles.caption} aria-live="polite" data-testid="scene-caption">
            {captionAt(lesson, pair, timeline, moments, spoken)}
          </p>
        )}
      </div>
      <table className={styles.numbers}>
        <thead>
          <tr>
            <td />
            {students.map((who) => (
              <th key={who} scope="col" data-student={who}>
                <span className={styles.mark} data-student={who} aria-hidden="true" />
                {lesson.students[who].name}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          <tr className={styles.big}>
            <th scope="row">calls per attempt</th>
            {students.map((who) => (
              <td key={who} data-testid={`scene-calls-${who}`}>
                {callsText(newestAt(pair[who].calls, round))}
              </td>
            ))}
          </tr>
          <tr>
            <th scope="row">right, in practice</th>
            {students.map((who) => (
              <td key={who}>{percent(newestAt(pair[who].reward, round))}</td>
            ))}
          </tr>
          <tr>
            <th scope="row">right, held-out exam</th>
            {students.map((who) => (
              <td key={who} data-testid={`scene-exam-${who}`}>
                {over ? examText(pair[who].after) : '–'}
              </td>
            ))}
          </tr>
          {/* There from the start where there is a question, so that nothing moves when it is answered. */}
          {lesson.question === null && guess === null ? null : (
            <tr className={styles.guessed}>
              <th scope="row">{stage === 'asking' ? 'calls you expect at the end' : 'calls you expected'}</th>
              {students.map((who) => (
                <td key={who} data-testid={`scene-guess-${who}`}>
                  {(stage === 'asking' ? (guess ?? unchanged(scene)) : guess)?.[who].toFixed(1) ?? '–'}
                </td>
              ))}
            </tr>
          )}
        </tbody>
      </table>
    </section>
  );
}

/** Every caption and the question, unseen and in one place: the room that the longest needs. */
function Room({ scene }: { readonly scene: Scene }) {
  const { lesson, pair, timeline, moments } = scene;
  const captions = useMemo(
    () =>
      lesson.captions.flatMap(({ at }) => {
        const round = roundOf(at, moments);
        return round === null ? [] : [captionAt(lesson, pair, timeline, moments, round)];
      }),
    [lesson, pair, timeline, moments],
  );
  return (
    <>
      {captions.map((caption, i) => (
        <p key={i} className={styles.room} aria-hidden="true">
          {caption}
        </p>
      ))}
      {lesson.question === null ? null : (
        <div className={styles.roomForQuestion} aria-hidden="true">
          <p className={styles.caption}>{lesson.question}</p>
          <p className={styles.how}>{how}</p>
        </div>
      )}
    </>
  );
}

const how = 'Drag the two dots, or use the arrow keys.';

function Question({ scene }: { readonly scene: Scene }) {
  return (
    <div className={styles.question} data-testid="scene-question">
      <p className={styles.caption}>{scene.lesson.question}</p>
      <p className={styles.how}>{how}</p>
      <div className={styles.answers}>
        <button
          type="button"
          className="scene-primary"
          onClick={() => scene.answer(scene.guess ?? unchanged(scene))}
        >
          That is my guess
        </button>
        <button type="button" className="scene-quiet" onClick={() => scene.answer(null)}>
          Skip
        </button>
      </div>
    </div>
  );
}
