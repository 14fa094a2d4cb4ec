/**
 * Which rollouts go into an exported run: trajectories are what makes files large.
 *
 * Invariant (runFile.test.ts): sampling a sample changes nothing, so a file that is opened and exported again stays the same.
 */
import { inspected } from '../train/inspected.ts';
import { wholeRounds, type RoundView } from './runView.ts';

/** Tokens of rollouts in a file, newest first; about 14 bytes each. */
const tokenBudget = 100_000;

/** Rounds for a file: the last ones in part, of the earlier what was kept of them, newest first within the budget. */
export function sampleRounds(rounds: readonly RoundView[]): readonly RoundView[] {
  const sampled: RoundView[] = [];
  let tokens = 0;
  for (const [age, round] of [...rounds].reverse().entries()) {
    const trajectories = age < wholeRounds ? inspected(round.trajectories) : round.trajectories;
    tokens += trajectories.reduce((sum, trajectory) => sum + trajectory.tokens.length, 0);
    if (tokens > tokenBudget && sampled.length > 0) break;
    sampled.push({ ...round, trajectories });
  }
  return sampled.reverse();
}
