/**
 * Rollouts of a round by prompt: GRPO's groups.
 */
import type { ScoredTrajectory } from '../../record/runView.ts';

export interface Group {
  readonly prompt: number;
  readonly question: string;
  readonly answer: string;
  readonly samples: readonly ScoredTrajectory[];
  readonly right: number;
  readonly meanCalls: number;
}

export function groupsOf(trajectories: readonly ScoredTrajectory[]): readonly Group[] {
  const byPrompt = new Map<number, ScoredTrajectory[]>();
  for (const trajectory of trajectories) {
    const samples = byPrompt.get(trajectory.prompt);
    if (samples === undefined) byPrompt.set(trajectory.prompt, [trajectory]);
    else samples.push(trajectory);
  }
  return [...byPrompt].map(([prompt, samples]) => ({
    prompt,
    question: samples[0]!.problem.question,
    answer: samples[0]!.problem.answer,
    samples: samples.toSorted((a, b) => a.sample - b.sample),
    right: samples.filter(({ reward }) => reward > 0).length,
    meanCalls: samples.reduce((sum, { calls }) => sum + calls.length, 0) / samples.length,
  }));
}

/** The group to open first: one that teaches something (some samples right, some wrong), else the first. */
export function mostTellingGroup(groups: readonly Group[]): Group | undefined {
  return groups.find(({ right, samples }) => right > 0 && right < samples.length) ?? groups[0];
}
