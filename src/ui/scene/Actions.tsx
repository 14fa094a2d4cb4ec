/**
 * What a person can do with the lesson: train both here, rescue one, copy the moment.
 */
import { useState } from 'react';
import { Check, Link } from 'lucide-react';
import { Rescue } from './Rescue.tsx';
import type { Live } from './useLive.ts';
import type { Scene } from './useScene.ts';
import styles from './scene.module.css';

export function Actions({ scene, live }: { readonly scene: Scene; readonly live: Live }) {
  const { controls } = scene.lesson;
  const canTrain = live.state === 'none' || live.state === 'rescue';
  return (
    <>
      {controls.includes('train') ? (
        <button
          type="button"
          className="scene-primary"
          data-testid="train-both"
          {...(canTrain ? {} : { 'aria-disabled': true })}
          onClick={() => {
            if (canTrain) live.train();
          }}
        >
          {live.state === 'loading'
            ? 'Loading…'
            : canTrain
              ? 'Train both here'
              : live.over
                ? 'Both were trained here'
                : 'Both train here'}
        </button>
      ) : null}
      {controls.includes('rescue') ? <Rescue scene={scene} live={live} /> : null}
      {controls.includes('copy') ? <CopyMoment scene={scene} /> : null}
      {live.failure === null ? null : (
        <p role="alert" className={styles.toldAction}>
          {live.failure}
        </p>
      )}
    </>
  );
}

function CopyMoment({ scene }: { readonly scene: Scene }) {
  const [told, setTold] = useState<'copied' | 'shown' | null>(null);
  const copy = async () => {
    const query = `?${scene.link()}`;
    // The address says it as well, for who may not copy.
    history.replaceState(history.state, '', query);
    try {
      await navigator.clipboard.writeText(new URL(query, location.href).href);
      setTold('copied');
    } catch {
      setTold('shown');
    }
    setTimeout(() => setTold(null), 4000);
  };
  const words = {
    copied: 'Copied: round, problem and guess are in the link.',
    shown: 'The browser forbids copying; the link is in the address bar.',
  };
  return (
    <>
      <button type="button" className="scene-quiet" data-testid="copy-moment" onClick={() => void copy()}>
        {told === 'copied' ? <Check size={16} aria-hidden /> : <Link size={16} aria-hidden />}
        {told === 'copied' ? 'The link is copied' : 'Copy this moment'}
      </button>
      <span role="status" className={told === 'shown' ? styles.toldAction : 'scene-hidden'}>
        {told === null ? '' : words[told]}
      </span>
    </>
  );
}
