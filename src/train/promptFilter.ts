/**
 * Stage 2's prompts: the always-solved filter between the stages (ASTER: prompts that are always correct are dropped), and the
 * longer prompts that stage 2's context is meant for.
 *
 * The rule. The pool has `task.trainProblems` prompts. A share `stage2.longShare` of them is longer than stage 1's longest; these
 * are the same ones in every arm. The rest are stage 1's prompts, in their order, without those that the filter drops and those
 * whose length stage 2 does not have; where too few are left, fresh ones of the same lengths fill up. So how well an arm did in
 * stage 1 decides which problems it meets again, but not how long its problems are: a mix that depended on the arm would be a
 * second difference between arms that are compared.
 *
 * Invariant: a prompt is dropped only if stage 1 really visited it and every sample of its last visit was right; what was never
 * visited stays.
 */
import type { Problem } from '../tasks/problem.ts';
import { trainProblem, type LengthRange } from '../tasks/problems.ts';
import type { SolvedCounts } from './context.ts';
import type { PromptFilterReport } from './events.ts';
import { familiarLengths, longerLengths, stage2Mix } from './promptLengths.ts';
import type { RunSettings } from './settings.ts';

/**
 * Stage 2's prompts, and what the filter did.
 * @param prompts stage 1's, in their order
 * @param solved right samples of each visited prompt's last visit
 * @throws where the settings ask for prompts of lengths that stage 2 does not have (`validateSettings` says so before)
 */
export function filterPrompts(
  settings: RunSettings,
  prompts: readonly Problem[],
  solved: SolvedCounts,
): { readonly prompts: readonly Problem[]; readonly report: PromptFilterReport } {
  const { stage2, grpo } = settings;
  const kept = prompts.filter(({ id }) => solved.get(id) !== grpo.groupSize);
  const fitting = kept.filter(
    ({ steps }) => steps.length >= stage2.minLength && steps.length <= stage2.maxLength,
  );
  const mix = stage2Mix(settings);
  const again = fitting.slice(0, mix.familiar);
  const fresh = freshPrompts(
    settings,
    'stage-2-familiar',
    familiarLengths(settings),
    mix.familiar - again.length,
  );
  const longer = freshPrompts(settings, 'stage-2', longerLengths(settings), mix.longer);
  return {
    prompts: [...again, ...fresh, ...longer],
    report: {
      prompts: prompts.length,
      visited: solved.size,
      dropped: prompts.length - kept.length,
      otherLength: kept.length - fitting.length,
      spare: fitting.length - again.length,
      added: longer.length,
      filled: fresh.length,
      solvedHistogram: solvedHistogram(solved, grpo.groupSize),
    },
  };
}

function freshPrompts(
  { run, task }: RunSettings,
  stream: string,
  lengths: LengthRange | null,
  count: number,
): Problem[] {
  if (count === 0) return [];
  if (lengths === null)
    throw new Error('Stage 2 has no problems of the lengths that its share of longer prompts asks for.');
  return Array.from({ length: count }, (_, i) => trainProblem(task, lengths, stream, run.seed, i));
}

/** Visited prompts by right samples of their last visit. // [groupSize + 1] */
function solvedHistogram(solved: SolvedCounts, groupSize: number): number[] {
  const histogram = new Array<number>(groupSize + 1).fill(0);
  for (const right of solved.values()) histogram[right]!++; // at most groupSize samples can be right
  return histogram;
}
