/**
 * The probe: a few held-out problems, each answered once by the policy after its cold start and after the updates of every GRPO round,
 * so that one can watch how the answer to one problem changes. Learns nothing.
 *
 * Invariants (probe.test.ts). (1) With or without it, a run emits the same other events: its draws are a fork of their own, and its
 * trajectories are numbered apart. (2) Which problems are asked depends on task, stage 1's lengths and seed, never on the cold start. (3) Every
 * round draws the same random numbers, so what differs between two rounds is the policy and not the dice.
 */
import type { Problem } from '../tasks/problem.ts';
import { probeProblems } from '../tasks/problems.ts';
import { stageLengths, type RunContext } from './context.ts';
import type { ProbePhase, RunEvent } from './events.ts';
import type { RunSettings } from './settings.ts';
import type { TickStream } from './ticks.ts';
import { answerOnce } from './unlearned.ts';

/** Numbers of the probe's namespaces in the sandbox: above any that a run gives out. */
const firstTrajectory = 2 ** 40;

/** The problems that a run with these settings is asked again and again; none where the probe is off. */
export function heldOutProbe({ task, stage1, run, probe }: RunSettings): readonly Problem[] {
  return probe.problems === 0 ? [] : probeProblems(task, stageLengths(stage1), run.seed, probe.problems);
}

/**
 * Ask the policy as it is now, under the conditions of the phase's rollouts (after the cold start: of stage 1).
 * @param round the round that the updates belonged to
 */
export async function* askProbe(
  context: RunContext,
  phase: ProbePhase,
  round: number,
): TickStream<RunEvent[]> {
  const { settings, random } = context;
  const problems = heldOutProbe(settings);
  if (problems.length === 0) return [];
  const trajectories = yield* answerOnce(context, {
    ...{ problems, firstTrajectory },
    seed: random.fork('held-out probe').uint32(),
    contextTokens: settings[phase === 'sft' ? 'stage1' : phase].context,
  });
  return [{ type: 'probe', phase, round, trajectories }];
}
