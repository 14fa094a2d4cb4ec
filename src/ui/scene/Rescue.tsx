/**
 * Rescue it: student a goes on from a moment of its own run with one ingredient changed: from a moment that this browser kept of a run
 * made here, or from the newest round at or before the playhead whose weights the recording kept.
 */
import { useId, useState } from 'react';
import type { KeptMoment } from '../../lab/state.ts';
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
  const before = live.moments.findLast(({ place }) => place.round <= round);
  const moment = before ?? live.moments[0] ?? null;
  const chosen = ingredients.find((one) => one.path === path);
  const busy = live.state === 'loading';
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
          <legend>{name} goes on from here with one thing changed</legend>
          {ingredients.map((one) => (
            <label key={one.path}>
              <input type="radio" name={id} checked={one.path === path} onChange={() => setPath(one.path)} />
              {one.label}
            </label>
          ))}
        </fieldset>
        <p className={styles.rescueWhy} data-testid="rescue-where">
          {where(live, name, round, moment, before !== undefined)}
        </p>
        {moment === null && live.fromRecording ? (
          <button type="button" className="scene-primary" onClick={live.train}>
            Train both here
          </button>
        ) : (
          <button
            type="button"
            className="scene-primary"
            data-testid="rescue-start"
            {...(moment === null || busy ? { 'aria-disabled': true } : {})}
            onClick={() => {
              if (moment === null || busy || chosen === undefined) return;
              live.rescue(moment, chosen.path, chosen.value);
              setOpen(false);
            }}
          >
            {busy ? 'Loading…' : moment === null ? 'Rescue it' : `Rescue it from ${moment.words}`}
          </button>
        )}
      </div>
    </>
  );
}

/** Where the rescue begins, and what is not as it was. */
function where(
  { fromRecording }: Live,
  name: string,
  round: number,
  moment: KeptMoment | null,
  isBefore: boolean,
): string {
  if (moment === null) {
    return fromRecording
      ? `This recording kept no weights to go on from. Train both here; ${name} can then be rescued from any moment that was kept.`
      : `No moment of ${name} has been kept yet. The first one comes with its cold start.`;
  }
  const begins =
    moment.place.round === round
      ? `It begins at round ${round}.`
      : `The playhead is at round ${round}; it begins at ${moment.words}, the ${isBefore ? 'last' : 'first'} that was kept${isBefore ? ' before it' : ''}.`;
  return fromRecording
    ? `${begins} A recording has the policy but not the optimizer’s memory: AdamW starts afresh.`
    : begins;
}
