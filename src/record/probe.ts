/**
 * The probe: the same few held-out problems, asked of the policy after its cold start and after every GRPO round, so that one can watch
 * the answer to one problem change (the design, section 4). Both arms of a preset and seed are asked the same problems (train/probe.ts).
 *
 * Invariants (probe.test.ts). (1) Memory and files are bounded: of a long run every second round is left out, its first and newest kept.
 * (2) A round holds one trajectory for each problem, in their order; a file in which one does not is refused in a sentence.
 */
import { z } from 'zod';
import type { Problem } from '../tasks/problem.ts';
import { longestSequence, probePhases, type ProbePhase, type ScoredTrajectory } from '../train/events.ts';
import { scoredSchema, threeDigits, type TrajectoryReader, type TrajectoryWriter } from './trajectoryFile.ts';

/** The policy on the probe's problems, as the updates of a round left it. */
export interface ProbeRound {
  /** Rollout batches behind it, as on the charts' axis. Of the phase `sft`: the last of the cold start, 0 where it had none. */
  readonly round: number;
  readonly phase: ProbePhase;
  /** One sample at the rollouts' temperature, under the context of the phase (after the cold start, of stage 1). // [problems] */
  readonly trajectories: readonly ScoredTrajectory[];
}

export interface ProbeView {
  /** Held out, of stage 1's lengths. */
  readonly problems: readonly Problem[];
  /** Oldest first, rounds strictly rising. */
  readonly rounds: readonly ProbeRound[];
}

/** Rounds that are kept; when there are more, every second one goes. */
export const probeRoundsKept = 128;
/** Problems of a probe, at most. */
const problemsMax = 32;

/** The probe after another round of it. */
export function withProbeRound(probe: ProbeView | null, round: ProbeRound): ProbeView {
  if (probe === null) return { problems: round.trajectories.map(({ problem }) => problem), rounds: [round] };
  const rounds = [...probe.rounds, round];
  return {
    ...probe,
    rounds:
      rounds.length > probeRoundsKept
        ? rounds.filter((_, i) => i % 2 === 0 || i === rounds.length - 1)
        : rounds,
  };
}

/** The newest round that had been probed at `round`; null before the first. */
export function probeAt({ rounds }: ProbeView, round: number): ProbeRound | null {
  return rounds.findLast((one) => one.round <= round) ?? null;
}

/** What had been probed at `round`: for a replay. Null where nothing had. */
export function probeUpTo(probe: ProbeView | null, round: number): ProbeView | null {
  const rounds = probe?.rounds.filter((one) => one.round <= round) ?? [];
  return probe === null || rounds.length === 0 ? null : { ...probe, rounds };
}

/** One problem over the rounds, oldest first: what a stack of barcodes draws. */
export function probeHistory(
  { rounds }: ProbeView,
  problem: number,
): readonly { readonly round: number; readonly phase: ProbePhase; readonly trajectory: ScoredTrajectory }[] {
  return rounds.flatMap(({ round, phase, trajectories }) => {
    const trajectory = trajectories[problem];
    return trajectory === undefined ? [] : [{ round, phase, trajectory }];
  });
}

/** In an exported run: problems are named by the trajectories of the first round. */
export const probeSchema = z.object({
  rounds: z
    .array(
      z.object({
        round: z.int().min(0),
        phase: z.enum(probePhases),
        trajectories: z
          .array(scoredSchema.refine(({ tokens }) => tokens.length <= longestSequence))
          .min(1)
          .max(problemsMax),
      }),
    )
    .min(1)
    .max(2 * probeRoundsKept),
});
type ProbeRow = z.output<typeof probeSchema>;

export function writeProbe({ rounds }: ProbeView, writer: TrajectoryWriter): ProbeRow {
  return {
    rounds: rounds.map(({ round, phase, trajectories }) => ({
      round,
      phase,
      trajectories: trajectories.map((trajectory) => writer.writeScored(trajectory, threeDigits)),
    })),
  };
}

/** Throws a sentence where rounds do not rise or do not answer the same problems. */
export function readProbe(file: ProbeRow, reader: TrajectoryReader): ProbeView {
  const rounds: ProbeRound[] = file.rounds.map(({ round, phase, trajectories }) => ({
    round,
    phase,
    trajectories: trajectories.map((row) => reader.readScored(row)),
  }));
  const problems = rounds[0]?.trajectories.map(({ problem }) => problem) ?? [];
  rounds.forEach(({ round, trajectories }, i) => {
    const last = rounds[i - 1];
    if (last !== undefined && last.round >= round) throw new Error('its probe’s rounds are out of order.');
    if (!answers(trajectories, problems))
      throw new Error('its probe does not ask the same problems in every round.');
  });
  return { problems, rounds };
}

function answers(trajectories: readonly ScoredTrajectory[], problems: readonly Problem[]): boolean {
  return (
    problems.length === trajectories.length &&
    problems.every(({ id, question }, i) => {
      const problem = trajectories[i]?.problem;
      return problem?.id === id && problem.question === question;
    })
  );
}
