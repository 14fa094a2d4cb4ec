/**
 * Rescue it: student a goes on from a moment of its own run with one ingredient changed.
 *
 * A recording holds no optimizer, so a rescue begins at a moment that this browser kept of a run made here; without one the panel says so
 * and trains both.
 */
import { useId, useState } from 'react';
import { wholeRound } from '../../lab/lesson/timeline.ts';
import type { Live } from './useLive.ts';
import { useRound, type Scene } from './useScene.ts';
import styles from './scene.module.css';

interface Ingredient {
  readonly path: string;
  readonly value: number;
  readonly label: string;
}

const ingredients: readonly Ingredient[] = [
  { path: 'grpo.callBonus', value: 0.2, label: 'Pay a little for calling Python (0.2)' },
  { path: 'grpo.klCoefficient', value: 0.1, label: 'Hold it near its cold start (KL 0.1)' },
  { path: 'grpo.entropyCoefficient', value: 0.01, label: 'Make it try more (entropy bonus 0.01)' },
];

export function Rescue({ scene, live }: { readonly scene: Scene; readonly live: Live }) {
  const [open, setOpen] = useState(false);
  const [path, setPath] = useState(ingredients[0]?.path ?? '');
  const id = useId();
  const round = useRound(scene);
  const { name } = scene.lesson.students.a;
  const moment = live.moments.findLast(({ place }) => place.round <= round) ?? live.moments[0] ?? null;
  const chosen = ingredients.find((one) => one.path === path);
  return (
    <>
      <button
        type="button"
        className="scene-quiet"
        data-testid="rescue"
        aria-expanded={open}
        aria-controls={id}
        onClick={() => setOpen(!open)}
      >
        Rescue it
      </button>
      <div id={id} hidden={!open} className={styles.rescue} data-testid="rescue-panel">
        <fieldset className={styles.ingredients}>
          <legend>
            From the playhead (round {wholeRound(scene.timeline, scene.playhead.state.position)}) on, change
            one thing for {name}
          </legend>
          {ingredients.map((one) => (
            <label key={one.path}>
              <input type="radio" name={id} checked={one.path === path} onChange={() => setPath(one.path)} />
              {one.label}
            </label>
          ))}
        </fieldset>
        {moment === null ? (
          <p className={styles.rescueWhy}>
            {live.state === 'none'
              ? `A recording cannot learn on. Train both here; ${name} can then be rescued from any moment that was kept.`
              : `No moment of ${name} has been kept yet. The first one comes with its cold start.`}
          </p>
        ) : null}
        {moment === null && live.state === 'none' ? (
          <button type="button" className="scene-primary" onClick={live.train}>
            Train both here
          </button>
        ) : (
          <button
            type="button"
            className="scene-primary"
            data-testid="rescue-start"
            {...(moment === null ? { 'aria-disabled': true } : {})}
            onClick={() => {
              if (moment !== null && chosen !== undefined) live.rescue(moment, chosen.path, chosen.value);
            }}
          >
            {moment === null ? 'Rescue it' : `Rescue it from ${moment.words}`}
          </button>
        )}
      </div>
    </>
  );
}
