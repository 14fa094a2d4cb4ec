/**
 * The list of recorded runs that come with the page: `runs/index.json` beside it says which there are, and each is an exported run.
 */
import { z } from 'zod';
import { parseJson } from '../foreign/json.ts';
import { smallTextBytes } from '../foreign/limits.ts';
import { listOf, name, text } from '../foreign/schema.ts';
import { armNames } from '../recipes/arms.ts';

export const recordedEntrySchema = z.object({
  file: z.string().regex(/^[\w][\w.-]*\.json(\.gz)?$/),
  title: name,
  /** One sentence: what there is to see. */
  description: text,
  arm: z.enum(armNames),
  preset: name,
  seed: z.int().min(0),
});
export type RecordedEntry = z.output<typeof recordedEntrySchema>;

export const recordedIndexSchema = listOf(recordedEntrySchema, 1000);

/** The list from its file; empty where it is not one. */
export async function readRecordedIndex(file: Blob): Promise<readonly RecordedEntry[]> {
  if (file.size > smallTextBytes) return [];
  const parsed = parseJson(await file.text());
  return parsed.ok ? (recordedIndexSchema.safeParse(parsed.json).data ?? []) : [];
}
