/**
 * What was trained here on a page before this one: that it can go on, or how it ended.
 */
import type { Live } from './useLive.ts';
import type { Scene } from './useScene.ts';
import styles from './trainedBefore.module.css';

export function TrainedBefore({ scene, live }: { readonly scene: Scene; readonly live: Live }) {
  const { before } = live;
  if (before === null) return null;
  const { over, both } = before;
  const sparse = scene.lesson.students.a.name;
  const told = over
    ? both === null
      ? `You rescued ${sparse} here, to the end.`
      : 'You trained both here, to the end.'
    : `${both === null ? `The rescue of ${sparse}` : 'Training both'} here was not finished. What was learned so far is kept.`;
  const busy = live.state === 'loading';
  return (
    <section className={styles.before} aria-label="Trained here before" data-testid="trained-before">
      <p>{told}</p>
      <button
        type="button"
        className="scene-primary"
        {...(busy ? { 'aria-disabled': true } : {})}
        onClick={() => {
          if (!busy) live.takeUp();
        }}
      >
        {busy ? 'Loading…' : over ? 'Show how it went' : both === null ? 'Go on' : 'Go on with both'}
      </button>
      <button type="button" className="scene-quiet" onClick={live.forget}>
        Not now
      </button>
    </section>
  );
}
