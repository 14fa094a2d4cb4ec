/**
 * Settings of runs recorded before a setting existed: what they really did, rather than today's default.
 *
 * Before `stage2.longShare` the longer prompts of stage 2 only took the places of dropped ones, so their share was an outcome of
 * the run. The file tells it: `added` of the `task.trainProblems` prompts were longer. Before `collapse.sample` the alarm's
 * reference was the first round alone, whatever its size.
 */
import { z } from 'zod';

const older = z.looseObject({
  task: z.looseObject({ trainProblems: z.int().positive() }),
  stage1: z.looseObject({ maxLength: z.number() }),
  stage2: z.looseObject({ maxLength: z.number(), longShare: z.undefined().optional() }),
});

const oneRoundReference = z.looseObject({
  collapse: z.looseObject({ sample: z.undefined().optional() }),
});

/** `settings` of a file as today's schema should read them; anything that is not an older run's comes back as it was. */
export function withOlderRules(settings: unknown, promptFilter: { readonly added: number } | null): unknown {
  const parsed = oneRoundReference.safeParse(settings);
  const known = parsed.success
    ? { ...parsed.data, collapse: { ...parsed.data.collapse, sample: 1 } }
    : settings;
  return withOlderLongShare(known, promptFilter);
}

function withOlderLongShare(settings: unknown, promptFilter: { readonly added: number } | null): unknown {
  const parsed = older.safeParse(settings);
  if (!parsed.success || promptFilter === null) return settings;
  const { task, stage1, stage2 } = parsed.data;
  const longer = stage2.maxLength > stage1.maxLength ? promptFilter.added : 0;
  const longShare = Math.min(1, Math.round((1e4 * longer) / task.trainProblems) / 1e4);
  return { ...parsed.data, stage2: { ...stage2, longShare } };
}
