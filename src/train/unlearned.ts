/**
 * Rollouts that are measured and read, and from which nothing is learned: each problem answered once, as the policy is now, at GRPO's
 * temperature and limits.
 */
import type { Problem } from '../tasks/problem.ts';
import { reward } from '../tasks/verifier.ts';
import type { RunContext } from './context.ts';
import type { ScoredTrajectory } from './events.ts';
import { rollOut } from './rollout.ts';
import type { TickStream } from './ticks.ts';

export interface UnlearnedRollout {
  readonly problems: readonly Problem[];
  /** Number of the first trajectory's namespace in the sandbox. */
  readonly firstTrajectory: number;
  readonly seed: number;
  readonly contextTokens: number;
}

/** One scored trajectory a problem, in their order; advantages are 0. */
export async function* answerOnce(
  { engine, sandbox, settings }: Pick<RunContext, 'engine' | 'sandbox' | 'settings'>,
  { problems, firstTrajectory, seed, contextTokens }: UnlearnedRollout,
): TickStream<ScoredTrajectory[]> {
  const trajectories = yield* rollOut(engine, sandbox, firstTrajectory, {
    problems,
    sampling: { temperature: settings.grpo.temperature, topP: 1 },
    seed,
    context: contextTokens,
    callBudget: settings.grpo.callBudget,
    maxOutputLength: settings.sandbox.maxOutputLength,
  });
  return trajectories.map((trajectory, prompt) => ({
    ...trajectory,
    reward: reward(trajectory.problem, trajectory.tokens),
    advantage: 0,
    prompt,
    sample: 0,
  }));
}
