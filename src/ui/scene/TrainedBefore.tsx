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
  const ended = both === null ? `You rescued ${sparse} here` : 'You trained both here';
  const going = both === null ? `${sparse} was being rescued here` : 'Both were training here';
  // They may have ended since, in the lab.
  const told = over ? `${ended}, to the end.` : `${going} when you left. What was learned so far is kept.`;
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
