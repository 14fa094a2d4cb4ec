/**
 * The list of recorded runs that come with the page: `runs/index.json` beside it says which there are, and each is an exported run.
 */
import { z } from 'zod';
import { armNames } from '../recipes/arms.ts';

export const recordedEntrySchema = z.object({
  file: z.string().regex(/^[\w][\w.-]*\.json(\.gz)?$/),
  title: z.string(),
  /** One sentence: what there is to see. */
  description: z.string(),
  arm: z.enum(armNames),
  preset: z.string(),
  seed: z.int().min(0),
});
export type RecordedEntry = z.output<typeof recordedEntrySchema>;

export const recordedIndexSchema = z.array(recordedEntrySchema);

/** The list from its file; empty where it is not one. Rejects where it is no JSON. */
export async function readRecordedIndex(file: Blob): Promise<readonly RecordedEntry[]> {
  return recordedIndexSchema.safeParse(JSON.parse(await file.text())).data ?? [];
}
