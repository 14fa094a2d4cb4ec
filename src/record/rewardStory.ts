/**
 * What made the reward of a stage change: answers that got better, or fewer cut-offs (metrics/outcome.ts).
 *
 * Compared inside one stage, as two stages have two contexts; its first rounds against its last, as single rounds are noise.
 */
import { rewardChange, type OutcomeShares, type RewardChange } from '../metrics/outcome.ts';
import { mean } from '../metrics/interaction.ts';
import type { SeriesPoint } from './metricSeries.ts';

/** Rounds at either end of a stage. */
export const storyRounds = 5;

export interface RewardStory extends RewardChange {
  readonly before: OutcomeShares;
  readonly after: OutcomeShares;
}

/** @param points of one stage; null where it is too short for two ends that do not overlap */
export function rewardStory(points: readonly SeriesPoint[]): RewardStory | null {
  const known = points.flatMap((point) => {
    const right = point['critic/score/mean'];
    const cutOff = point['response_length/clip_ratio'];
    return right === undefined || cutOff === undefined ? [] : [{ right, cutOff }];
  });
  if (known.length < 2 * storyRounds) return null;
  const before = meanShares(known.slice(0, storyRounds));
  const after = meanShares(known.slice(-storyRounds));
  return { before, after, ...rewardChange(before, after) };
}

function meanShares(rounds: readonly OutcomeShares[]): OutcomeShares {
  return {
    right: mean(rounds.map(({ right }) => right)),
    cutOff: mean(rounds.map(({ cutOff }) => cutOff)),
  };
}
