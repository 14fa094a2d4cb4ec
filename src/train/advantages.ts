/**
 * Group-relative advantages (GRPO; DeepSeekMath, section 4.1, as verl computes them).
 *
 * Invariant: an advantage depends only on the rewards of its own group, and a group in which every sample earned the
 * same has advantage exactly 0: it teaches nothing and is counted as dead (`frac_reward_zero_std`).
 */

const epsilon = 1e-6; // verl's, keeps a tiny deviation from exploding

/**
 * @param rewards of one group // [groupSize]
 * @param normaliseByStd divide by the unbiased standard deviation (GRPO) or not (Dr. GRPO)
 * @returns // [groupSize]
 */
export function groupAdvantages(rewards: readonly number[], normaliseByStd: boolean): number[] {
  const mean = rewards.reduce((sum, reward) => sum + reward, 0) / rewards.length;
  const centred = rewards.map((reward) => reward - mean);
  if (isDeadGroup(rewards)) return centred.map(() => 0);
  if (!normaliseByStd) return centred;
  const variance = centred.reduce((sum, x) => sum + x * x, 0) / Math.max(1, rewards.length - 1);
  return centred.map((x) => x / (Math.sqrt(variance) + epsilon));
}

/** True when every sample of the group earned the same reward. */
export function isDeadGroup(rewards: readonly number[]): boolean {
  return rewards.every((reward) => reward === rewards[0]);
}
