/**
 * Which numbers of steps stage 2's prompts have, told apart by stage 1's longest: the prompts that stage 1 could have had, and
 * the longer ones that stage 2's context is meant for.
 */
import type { LengthRange } from '../tasks/problems.ts';
import type { RunSettings } from './settings.ts';

type Stages = Pick<RunSettings, 'stage1' | 'stage2'>;

/** Stage 2's lengths above stage 1's longest; null where it has none. */
export function longerLengths({ stage1, stage2 }: Stages): LengthRange | null {
  return rangeOf(Math.max(stage2.minLength, stage1.maxLength + 1), stage2.maxLength);
}

/** Stage 2's lengths up to stage 1's longest; null where it has none. */
export function familiarLengths({ stage1, stage2 }: Stages): LengthRange | null {
  return rangeOf(stage2.minLength, Math.min(stage2.maxLength, stage1.maxLength));
}

function rangeOf(min: number, max: number): LengthRange | null {
  return min <= max ? { min, max } : null;
}

/** How many of stage 2's prompts are longer than stage 1's, and how many are not. They add up to `task.trainProblems`. */
export function stage2Mix({ task, stage2 }: Pick<RunSettings, 'task' | 'stage2'>): {
  readonly longer: number;
  readonly familiar: number;
} {
  const longer = Math.round(stage2.longShare * task.trainProblems);
  return { longer, familiar: task.trainProblems - longer };
}
