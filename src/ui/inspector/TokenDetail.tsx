/**
 * Details of one token, and the legend of the shading.
 *
 * Invariant (inspector.isolated.test.tsx): what is not defined for a token is a dash: no probability of the teacher's tokens, no ratio where the
 * policy after the update was not asked, no advantage and no share of the loss where nothing was learned.
 */
import type { Alternative } from '../../lab/asking.ts';
import { tokenUpdate, type TokenUpdate } from '../../record/tokenUpdate.ts';
import type { ScoredTrajectory } from '../../record/runView.ts';
import type { RunSettings } from '../../recipes/formModel.ts';
import type { Trajectory } from '../../tasks/trajectory.ts';
import { formatDelta, formatNumber, formatShare, missing } from '../app/format.ts';
import { tokenName } from './tokenGlyph.ts';
import styles from './transcript.module.css';

/** Probability at which the sampler drew the token, 0 to 1. @param index of a token of the trajectory */
export function tokenProbability(trajectory: Pick<Trajectory, 'logProbs'>, index: number): number {
  return Math.min(1, Math.exp(trajectory.logProbs[index]!));
}

/** A rollout that reinforcement learning may have learned from, and the objective that it did so by. */
export interface Learned {
  readonly sample: ScoredTrajectory;
  readonly objective: RunSettings['grpo'];
  /** Whether it belongs to a stage, so that it has an advantage. */
  readonly hasAdvantage: boolean;
}

interface Props {
  readonly trajectory: Pick<Trajectory, 'tokens' | 'lossMask' | 'logProbs'>;
  readonly index: number;
  readonly author: 'policy' | 'teacher';
  readonly learned?: Learned | undefined;
  /** What else a policy found likely at this place. */
  readonly alternatives?: readonly Alternative[] | undefined;
}

export function TokenDetail({ trajectory, index, author, learned, alternatives }: Props) {
  const { tokens, lossMask, logProbs } = trajectory;
  const sampled = lossMask[index] === 1;
  const update = learned === undefined ? null : tokenUpdate(learned.sample, index, learned.objective);
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
          <span>log p = {signedLog(logProbs[index]!)}</span>
          {learned === undefined ? null : <Learning update={update} learned={learned} />}
        </>
      )}
      {alternatives === undefined || alternatives.length === 0 ? null : (
        <span className={styles.alternatives}>
          likely here:{' '}
          {alternatives.map(({ token, probability }) => (
            <span key={token} data-taken={token === tokens[index] || undefined}>
              <code>{tokenName(token)}</code> {formatShare(probability)}
            </span>
          ))}
        </span>
      )}
    </span>
  );
}

function Learning({ update, learned }: { update: TokenUpdate | null; learned: Learned }) {
  const now = update?.logProbNow ?? null;
  return (
    <>
      <span title="The policy after this round’s updates">
        now p = {now === null ? missing : formatShare(Math.min(1, Math.exp(now)))}
      </span>
      <span>now log p = {now === null ? missing : signedLog(now)}</span>
      <span title="Probability now over probability then">ratio {formatNumber(update?.ratio)}</span>
      <span title="Which bound of the objective holds at this ratio">
        clip {update === null || update.clip === null ? missing : clipWords[update.clip]}
      </span>
      <span title="How much better than its group the whole trajectory did">
        advantage {learned.hasAdvantage ? formatDelta(learned.sample.advantage, formatNumber) : missing}
      </span>
      <span title="Of its mini-batch’s loss, before the update">
        share of the loss{' '}
        {update === null || update.lossShare === null ? missing : smallShare(update.lossShare)}
      </span>
    </>
  );
}

const clipWords: Record<NonNullable<TokenUpdate['clip']>, string> = {
  none: 'none',
  low: 'low',
  high: 'high',
  dual: 'dual',
};

const signedLog = (value: number): string => value.toFixed(3).replace('-', '−');

/** A token is one of thousands: shares below a tenth of a percent keep two digits. */
const smallShare = (share: number): string =>
  share === 0 || share >= 0.001 ? formatShare(share) : `${(100 * share).toPrecision(2)}%`;

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
          {legendSteps.map(({ word, tint, surprise }) => (
            <span
              key={word}
              className={styles.sampled}
              data-surprise={surprise}
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
  { word: ' likely ', tint: 9, surprise: undefined },
  { word: ' unsure ', tint: 32, surprise: 'unsure' },
  { word: ' unlikely ', tint: 54, surprise: 'unlikely' },
];
