/**
 * Details of one token, and the legend of the shading.
 */
import type { Trajectory } from '../../tasks/trajectory.ts';
import { formatShare } from '../app/format.ts';
import { tokenName } from './tokenGlyph.ts';
import styles from './transcript.module.css';

/** Probability at which the sampler drew the token, 0 to 1. @param index of a token of the trajectory */
export function tokenProbability(trajectory: Trajectory, index: number): number {
  return Math.min(1, Math.exp(trajectory.logProbs[index]!));
}

interface Props {
  readonly trajectory: Trajectory;
  readonly index: number;
  readonly author: 'policy' | 'teacher';
}

export function TokenDetail({ trajectory, index, author }: Props) {
  const { tokens, lossMask, logProbs } = trajectory;
  const sampled = lossMask[index] === 1;
  return (
    <span className={styles.detail} role="status" data-testid="token-detail">
      <code>{tokenName(tokens[index]!)}</code>
      <span>
        token {index + 1} of {tokens.length}
      </span>
      {!sampled ? (
        <span>forced: given to the policy, not in the loss</span>
      ) : author === 'teacher' ? (
        <span>written by the teacher, in the loss</span>
      ) : (
        <>
          <span>sampled</span>
          <span>p = {formatShare(tokenProbability(trajectory, index))}</span>
          <span>log p = {logProbs[index]!.toFixed(3).replace('-', '−')}</span>
        </>
      )}
    </span>
  );
}

export function TokenLegend({ author }: { author: 'policy' | 'teacher' }) {
  return (
    <span className={styles.detail}>
      <span>
        <span className={styles.forced}>forced</span> prompt and Python’s output
      </span>
      {author === 'teacher' ? (
        <span>
          <span className={styles.sampled} style={{ backgroundColor: 'rgb(var(--lab-token-sampled) / 14%)' }}>
            written
          </span>{' '}
          by the teacher
        </span>
      ) : (
        <span>
          sampled:{' '}
          {legendSteps.map(({ word, tint }) => (
            <span
              key={word}
              className={styles.sampled}
              style={{ backgroundColor: `rgb(var(--lab-token-sampled) / ${tint}%)` }}
            >
              {word}
            </span>
          ))}
        </span>
      )}
    </span>
  );
}

const legendSteps = [
  { word: ' likely ', tint: 9 },
  { word: ' unsure ', tint: 32 },
  { word: ' unlikely ', tint: 54 },
];
