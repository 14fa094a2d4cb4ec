/**
 * Checksums of a run's files, written beside them: a flipped bit or a missing half is noticed before anything is built on it.
 */
import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { z } from 'zod';
import { parseJson } from '../foreign/json.ts';
import { listOf } from '../foreign/schema.ts';

const sumSchema = z.object({
  file: z.string().max(200),
  bytes: z.int().min(0),
  sha256: z.string().length(64),
});
const sumsSchema = z.object({ version: z.literal(1), files: listOf(sumSchema, 1000) });

/** A file, or its first bytes. */
export type Sum = z.output<typeof sumSchema>;

export function sumOf(file: string, bytes: Uint8Array): Sum {
  return { file, bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') };
}

export function writeSums(files: readonly Sum[]): Uint8Array {
  return Buffer.from(`${JSON.stringify({ version: 1, files }, null, 1)}\n`);
}

/** By file; null where there are none, or none that can be read. */
export function readSums(path: string): ReadonlyMap<string, Sum> | null {
  if (!existsSync(path)) return null;
  const parsed = parseJson(readFileSync(path, 'utf8'));
  const read = sumsSchema.safeParse(parsed.ok ? parsed.json : null);
  return read.success ? new Map(read.data.files.map((sum) => [sum.file, sum])) : null;
}

/** Whether these bytes begin with those that were summed, and are those alone unless they may have grown. */
export function holds(sum: Sum, bytes: Uint8Array, mayHaveGrown = false): boolean {
  if (mayHaveGrown ? bytes.length < sum.bytes : bytes.length !== sum.bytes) return false;
  return sumOf(sum.file, bytes.subarray(0, sum.bytes)).sha256 === sum.sha256;
}
