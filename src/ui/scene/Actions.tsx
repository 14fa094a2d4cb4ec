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
  return (
    <div className={styles.actions}>
      {controls.includes('train') ? (
        <button
          type="button"
          className="scene-primary"
          data-testid="train-both"
          {...(live.state === 'none' ? {} : { 'aria-disabled': true })}
          onClick={() => {
            if (live.state === 'none') live.train();
          }}
        >
          {live.state === 'none'
            ? 'Train both here'
            : live.state === 'loading'
              ? 'Loading…'
              : 'Both train here'}
        </button>
      ) : null}
      {controls.includes('rescue') ? <Rescue scene={scene} live={live} /> : null}
      {controls.includes('copy') ? <CopyMoment scene={scene} /> : null}
      {live.failure === null ? null : <span role="alert">{live.failure}</span>}
    </div>
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
        Copy this moment
      </button>
      <span role="status" className={styles.toldAction}>
        {told === null ? '' : words[told]}
      </span>
    </>
  );
}
