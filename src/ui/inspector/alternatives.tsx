/**
 * What else a policy found likely at each place of a trajectory: asked for by a person, told by a policy whose weights are at hand.
 */
import { useEffect, useRef, useState } from 'react';
import { Button } from '@mantine/core';
import { pageAsker } from '../../lab/askBrowser.ts';
import type { Alternative } from '../../lab/asking.ts';
import type { PolicyChoice } from '../ask/policies.ts';
import type { Written } from './written.ts';
import styles from './transcript.module.css';

export type Looked =
  | { readonly kind: 'not asked' | 'asking' }
  | { readonly kind: 'told'; readonly by: string; readonly places: readonly (readonly Alternative[])[] }
  | { readonly kind: 'failed'; readonly message: string };

export function useAlternatives(trajectory: Written, policy: PolicyChoice | null) {
  const [looked, setLooked] = useState<Looked>({ kind: 'not asked' });
  const here = useRef(true);
  useEffect(() => {
    here.current = true;
    return () => {
      here.current = false;
    };
  }, []);
  const look = () => {
    if (policy === null) return;
    setLooked({ kind: 'asking' });
    pageAsker()
      .look(policy.policy, trajectory.tokens)
      .then(
        (places): Looked => ({ kind: 'told', by: policy.phrase, places }),
        (error: unknown): Looked => ({
          kind: 'failed',
          message: error instanceof Error ? error.message : String(error),
        }),
      )
      .then((next) => {
        if (here.current) setLooked(next);
      })
      .catch(() => undefined);
  };
  return { looked, look };
}

interface Props {
  readonly looked: Looked;
  readonly policy: PolicyChoice | null;
  readonly onLook: () => void;
}

/** The button, and which policy it was that told. */
export function Look({ looked, policy, onLook }: Props) {
  if (policy === null) return null;
  return (
    <span className={styles.look}>
      {looked.kind === 'told' ? (
        <span>“Likely here” at each token is told by the policy {looked.by}.</span>
      ) : (
        <Button
          size="compact-xs"
          variant="default"
          classNames={{ root: styles.ask ?? '', label: styles.askLabel ?? '' }}
          loading={looked.kind === 'asking'}
          onClick={onLook}
        >
          What else was likely? Ask the policy {policy.phrase}
        </Button>
      )}
      {looked.kind === 'failed' ? <span role="alert">{looked.message}</span> : null}
    </span>
  );
}
