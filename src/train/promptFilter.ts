/**
 * The always-solved filter between the stages (ASTER: prompts that are always correct are dropped before stage 2).
 *
 * Invariant: a prompt is dropped only if stage 1 really visited it and every sample of its last visit was right; what was
 * never visited stays. Longer prompts join, because stage 2's context is meant for them.
 */
import type { Problem } from '../tasks/problem.ts';
import { trainProblem } from '../tasks/problems.ts';
import { stageLengths, type RunContext } from './context.ts';
import type { PromptFilterReport } from './events.ts';

/** Stage 2's prompts, and what the filter did. */
export function filterPrompts(
  context: RunContext,
  prompts: readonly Problem[],
): { readonly prompts: readonly Problem[]; readonly report: PromptFilterReport } {
  const { run, task, stage1, stage2, grpo } = context.settings;
  const { solved } = context;
  const inStage2 = (problem: Problem) =>
    problem.steps.length >= stage2.minLength && problem.steps.length <= stage2.maxLength;
  const kept = prompts.filter((problem) => solved.get(problem.id) !== grpo.groupSize);
  const longer = { min: Math.max(stage2.minLength, stage1.maxLength + 1), max: stage2.maxLength };
  const fill = Math.max(0, task.trainProblems - kept.filter(inStage2).length);
  const lengths = longer.min <= longer.max ? longer : stageLengths(stage2);
  const added = Array.from({ length: fill }, (_, i) => trainProblem(task, lengths, 'stage-2', run.seed, i));
  const histogram = new Array<number>(grpo.groupSize + 1).fill(0);
  for (const count of solved.values()) histogram[count] = (histogram[count] ?? 0) + 1;
  return {
    prompts: [...kept.filter(inStage2), ...added],
    report: {
      prompts: prompts.length,
      visited: solved.size,
      dropped: prompts.length - kept.length,
      added: added.length,
      solvedHistogram: histogram,
    },
  };
}
