/**
 * What an update did to one sampled token: how likely the policy finds it now against then, whether the clipped objective would still
 * move it, and its share of the loss (the objective of engine.ts: clip low and high, dual clip; token mean).
 *
 * Invariant (tokenUpdate.test.ts): what is not defined is null, never 0: no ratio without a forward pass after the update, no clip bit
 * where the advantage is 0, no share where nothing was learned from.
 */
import type { ScoredTrajectory } from '../train/events.ts';
import type { RunSettings } from '../train/settings.ts';

export interface TokenUpdate {
  /** log-probability when it was sampled, by the sampler. */
  readonly logProbThen: number;
  /** By the policy after the round's updates. */
  readonly logProbNow: number | null;
  /** Probability now over probability then. */
  readonly ratio: number | null;
  /** Which bound of the objective holds at that ratio; the token no longer moves the policy there. */
  readonly clip: 'none' | 'low' | 'high' | 'dual' | null;
  /** Of its mini-batch's loss, before the update, 0 to 1: absolute advantage over the sum of all. */
  readonly lossShare: number | null;
}

/** @returns null for a token that was forced */
export function tokenUpdate(
  { lossMask, logProbs, advantage, update }: ScoredTrajectory,
  index: number,
  { clipLow, clipHigh, dualClip }: Pick<RunSettings['grpo'], 'clipLow' | 'clipHigh' | 'dualClip'>,
): TokenUpdate | null {
  const logProbThen = logProbs[index];
  if (lossMask[index] !== 1 || logProbThen === undefined) return null;
  const logProbNow = update?.logProbsNow[index] ?? null;
  const ratio = logProbNow === null ? null : Math.exp(logProbNow - logProbThen);
  const learned = update !== undefined && update.lossTokens > 0 && update.lossWeight > 0;
  return {
    logProbThen,
    logProbNow,
    ratio,
    clip: ratio === null || !learned || advantage === 0 ? null : clipOf(ratio, advantage),
    lossShare: learned ? Math.abs(advantage) / update.lossWeight : null,
  };

  function clipOf(of: number, sign: number): 'none' | 'low' | 'high' | 'dual' {
    if (sign > 0) return of > 1 + clipHigh ? 'high' : 'none';
    return of > dualClip ? 'dual' : of < 1 - clipLow ? 'low' : 'none';
  }
}
