/**
 * Which rollouts go into an exported run: trajectories are what makes files large.
 *
 * Invariant (runFile.test.ts): sampling a sample changes nothing, so a file that is opened and exported again stays the same.
 */
import { oneGroup, wholeRounds, type RoundView } from './runView.ts';

/** Tokens of rollouts in a file, newest first; about 14 bytes each. */
const tokenBudget = 100_000;
/** Trajectories of each of the last rounds. */
const roundSample = 32;

/** Rounds for a file: the last ones in part, of the earlier what was kept of them, newest first within the budget. */
export function sampleRounds(rounds: readonly RoundView[]): readonly RoundView[] {
  const sampled: RoundView[] = [];
  let tokens = 0;
  for (const [age, round] of [...rounds].reverse().entries()) {
    const trajectories = age < wholeRounds ? someGroups(round) : round.trajectories;
    tokens += trajectories.reduce((sum, trajectory) => sum + trajectory.tokens.length, 0);
    if (tokens > tokenBudget && sampled.length > 0) break;
    sampled.push({ ...round, trajectories });
  }
  return sampled.reverse();
}

/** At most `roundSample` trajectories, the telling group among them, in their order. */
function someGroups(round: RoundView): RoundView['trajectories'] {
  if (round.trajectories.length <= roundSample) return round.trajectories;
  const group = oneGroup(round);
  const chosen = new Set(group);
  for (const trajectory of round.trajectories) if (chosen.size < roundSample) chosen.add(trajectory);
  return round.trajectories.filter((trajectory) => chosen.has(trajectory));
}
