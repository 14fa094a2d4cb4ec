/**
 * What the reward is made of: being right, and not being cut off.
 *
 * A trajectory that the context cuts off has no answer and earns nothing, so P(right) = P(not cut off) * P(right | not cut off), exactly.
 * In a short context a reward can rise by ever fewer cut-offs alone, with answers that get no better; `rewardChange` says how much of a
 * rise is that.
 */
import { mean } from './interaction.ts';
import type { MetricValues } from './registry.ts';
import type { StopReason } from '../tasks/trajectory.ts';

interface Outcome {
  readonly reward: number; // 1 or 0
  readonly stop: StopReason;
}

/** The reward's mean, and the mean over those that were not cut off; the latter is absent where all were. */
export function outcomeMetrics(trajectories: readonly Outcome[]): MetricValues & {
  readonly 'critic/score/mean': number;
} {
  const finished = trajectories.filter(({ stop }) => stop !== 'context');
  return {
    'critic/score/mean': mean(trajectories.map(({ reward }) => reward)),
    ...(finished.length === 0
      ? {}
      : { 'critic/score/finished_mean': mean(finished.map(({ reward }) => reward)) }),
  };
}

/** Shares of the trajectories of some rounds. */
export interface OutcomeShares {
  readonly right: number;
  readonly cutOff: number;
}

export interface RewardChange {
  readonly total: number;
  /** The part of `total` that fewer (or more) cut-offs make; `answers` is the rest. */
  readonly cutOffs: number;
  readonly answers: number;
}

/**
 * A change of the reward in two parts that add up to it: each factor's change, times the other factor's mean of before and after.
 * Where nothing was finished before (or after), the answers are taken to have been as good as at the other time.
 */
export function rewardChange(before: OutcomeShares, after: OutcomeShares): RewardChange {
  const finished = [1 - before.cutOff, 1 - after.cutOff] as const;
  const known = [before.right / finished[0], after.right / finished[1]].map((share, i) =>
    finished[i]! > 0 ? share : null,
  );
  const [first, last] = [known[0] ?? known[1] ?? 0, known[1] ?? known[0] ?? 0];
  const total = after.right - before.right;
  const cutOffs = ((finished[1] - finished[0]) * (first + last)) / 2;
  return { total, cutOffs, answers: total - cutOffs };
}
