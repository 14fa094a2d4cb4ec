/**
 * The lists of what comes with the page: `runs/index.json` says which recorded runs there are, each an exported run, and
 * `studies/index.json` which studies.
 */
import { z } from 'zod';
import { parseJson } from '../foreign/json.ts';
import { smallTextBytes } from '../foreign/limits.ts';
import { listOf, name, text } from '../foreign/schema.ts';
import { armNames } from '../recipes/arms.ts';

/** What every list says of a file. */
const listedFile = {
  file: z.string().regex(/^[\w][\w.-]*\.json(\.gz)?$/),
  title: name,
  /** One sentence: what there is to see. */
  description: text,
};

export const recordedEntrySchema = z.object({
  ...listedFile,
  arm: z.enum(armNames),
  preset: name,
  seed: z.int().min(0),
});
export type RecordedEntry = z.output<typeof recordedEntrySchema>;

export const recordedIndexSchema = listOf(recordedEntrySchema, 1000);

export const studyEntrySchema = z.object(listedFile);
export type StudyEntry = z.output<typeof studyEntrySchema>;

export const studyIndexSchema = listOf(studyEntrySchema, 1000);

/** The list of recorded runs from its file; empty where it is not one. */
export function readRecordedIndex(file: Blob): Promise<readonly RecordedEntry[]> {
  return readIndex(file, recordedIndexSchema);
}

/** The list of studies from its file; empty where it is not one. */
export function readStudyIndex(file: Blob): Promise<readonly StudyEntry[]> {
  return readIndex(file, studyIndexSchema);
}

async function readIndex<Entry>(file: Blob, schema: z.ZodType<readonly Entry[]>): Promise<readonly Entry[]> {
  if (file.size > smallTextBytes) return [];
  const parsed = parseJson(await file.text());
  return parsed.ok ? (schema.safeParse(parsed.json).data ?? []) : [];
}
