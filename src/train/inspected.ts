/**
 * Which rollouts of a batch are kept to be read: the group that teaches most, and some others up to a bound.
 *
 * Invariant (inspected.test.ts): choosing among the chosen changes nothing, so the trainer, the page and the file agree on them.
 */
import type { ScoredTrajectory } from './events.ts';

/** Trajectories kept of a batch, at most. */
export const inspectedSamples = 32;
/** Trajectories that stand for a batch where only one group is kept, if its groups are smaller. */
const groupSample = 8;

/** At most `inspectedSamples` trajectories, the telling group among them, in their order. */
export function inspected<T extends ScoredTrajectory>(trajectories: readonly T[]): readonly T[] {
  if (trajectories.length <= inspectedSamples) return trajectories;
  const chosen = new Set(tellingGroup(trajectories));
  for (const trajectory of trajectories) if (chosen.size < inspectedSamples) chosen.add(trajectory);
  return trajectories.filter((trajectory) => chosen.has(trajectory));
}

/** The group that teaches most (rewards most mixed), filled up where groups are small. */
export function tellingGroup<T extends ScoredTrajectory>(trajectories: readonly T[]): readonly T[] {
  const groups = new Map<string, T[]>();
  for (const trajectory of trajectories) {
    const key = `${trajectory.prompt} ${trajectory.problem.id}`; // benchmarks number their prompts alike
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [trajectory]);
    else group.push(trajectory);
  }
  let best: readonly T[] = [];
  let bestMix = -1;
  for (const group of groups.values()) {
    const mean = group.reduce((sum, { reward }) => sum + reward, 0) / group.length;
    const mix = mean * (1 - mean);
    if (mix > bestMix) [best, bestMix] = [group, mix];
  }
  if (best.length >= groupSample) return best;
  const others = trajectories.filter((trajectory) => !best.includes(trajectory));
  return [...best, ...others.slice(0, groupSample - best.length)];
}
