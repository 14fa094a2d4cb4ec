/**
 * What the library knows of a kept run without opening its files: enough to list it, and where its files and checkpoints are.
 *
 * Invariant (runLibrary.test.ts): an entry of this version reads back as it was written; one of a newer version, or one that is damaged, is
 * refused in a sentence and left alone. Settings that have come since take their defaults.
 */
import { z } from 'zod';
import * as limits from '../../foreign/limits.ts';
import { count, listOf, measured, name, text } from '../../foreign/schema.ts';
import { benchmarkNames } from '../../tasks/problems.ts';
import { parseSettings } from '../../recipes/formModel.ts';
import { phaseNames } from '../../train/events.ts';
import { resumablePhases } from '../../train/checkpoint.ts';
import type { RunSettings } from '../../train/settings.ts';
import { runColours } from '../runLabels.ts';

export const entryVersion = 1;

const number = measured;
/** Of a file; a large policy’s checkpoint has more bytes than anything else is counted to. */
const bytes = z.int().min(0);

const placeSchema = z.object({ phase: z.enum(resumablePhases), done: count, round: count });

/** One moment of a run that was kept: a checkpoint, and the run file of what had been measured by then. */
const saveSchema = z.object({
  /** Names the records; counts up. */
  number: count,
  place: placeSchema,
  /** Active run time, s. */
  seconds: number,
  /** Of checkpoint and file together. */
  bytes,
});
export type Save = z.output<typeof saveSchema>;

const entrySchema = z.object({
  version: z.literal(entryVersion),
  id: name.min(1),
  /** ISO; the list's order. */
  createdAt: name,
  label: z.object({
    name: text,
    note: text,
    colour: z
      .int()
      .min(0)
      .max(runColours - 1),
    dash: z
      .int()
      .min(0)
      .max(runColours - 1),
    visible: z.boolean(),
    pinned: z.boolean(),
  }),
  settings: z.unknown(),
  presetName: name,
  source: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('live') }),
    z.object({
      kind: z.enum(['file', 'recording']),
      name: text,
      recordedAt: name,
      commit: name.optional(),
    }),
  ]),
  parent: z.object({ id: name, name: text, place: name }).nullable(),
  /** A run under way is kept as interrupted: that is what it is if the page ends now. `stopped` is one that a person has stopped. */
  status: z.enum(['interrupted', 'stopped', 'done']),
  /** What it ran on. */
  engine: z
    .object({
      ...{ engine: z.enum(['tfjs', 'wgsl', 'simd']), backend: name, adapter: name },
      ...{ isSoftware: z.boolean(), reason: text },
      threads: count.optional(),
      build: z.enum(['plain', 'relaxed']).optional(),
    })
    .nullable(),
  phase: z.enum(phaseNames).nullable(),
  round: count,
  elapsedSeconds: number,
  /** Newest value of each metric. */
  latest: z.record(name, number),
  benchmarks: listOf(
    z.object({
      phase: z.enum(['baseline', 'evaluation']),
      benchmark: z.enum(benchmarkNames),
      budget: z.enum(['short', 'long']),
      ...{ context: number, calls: number, k: number, problems: number, meanAtK: number, passAtK: number },
      ...{ toolCalls: number, truncated: number, responseLength: number },
    }),
    limits.results,
  ),
  /** The run file that was written last, if any: of a finished run its end. */
  file: z.object({ number: count, bytes }).nullable(),
  /** Oldest first. */
  saves: listOf(saveSchema, limits.saves),
  /** Deleted, and to be had back until it is forgotten. */
  deleted: z.boolean(),
});

export type RunEntry = Omit<z.output<typeof entrySchema>, 'settings'> & { readonly settings: RunSettings };

export type ReadEntry =
  | { readonly ok: true; readonly entry: RunEntry }
  /** A whole sentence. */
  | { readonly ok: false; readonly message: string };

const headSchema = z.looseObject({
  version: z.number(),
  label: z.looseObject({ name: z.string() }).optional(),
});

/** Reads an entry of unknown origin. Never throws. */
export function readEntry(record: unknown): ReadEntry {
  const head = headSchema.safeParse(record);
  const called = head.data?.label === undefined ? 'A kept run' : `“${head.data.label.name.slice(0, 80)}”`;
  if (head.data !== undefined && head.data.version > entryVersion) {
    return {
      ok: false,
      message: `${called} was kept by a newer version of the lab; reload the page to get that. Nothing of it is lost.`,
    };
  }
  const parsed = entrySchema.safeParse(record);
  if (!parsed.success) {
    const where = (parsed.error.issues[0]?.path.join('.') ?? '').slice(0, 80);
    return { ok: false, message: `${called} cannot be listed: its record is damaged (at “${where}”).` };
  }
  const settings = parseSettings(parsed.data.settings);
  if (settings === null)
    return { ok: false, message: `${called} cannot be listed: its settings are not ones this lab knows.` };
  return { ok: true, entry: { ...parsed.data, settings } };
}

/** Everything that the entry's records take, bytes. */
export function entryBytes({ file, saves }: Pick<RunEntry, 'file' | 'saves'>): number {
  return saves.reduce((sum, { bytes }) => sum + bytes, file?.bytes ?? 0);
}
