/**
 * What the library knows of a kept run without opening its files: enough to list it, and where its files and checkpoints are.
 *
 * Invariant (runLibrary.test.ts): an entry of this version reads back as it was written; one of a newer version, or one that is damaged, is
 * refused in a sentence and left alone. Settings that have come since take their defaults.
 */
import { z } from 'zod';
import { benchmarkNames } from '../../tasks/problems.ts';
import { parseSettings } from '../../recipes/formModel.ts';
import { phaseNames } from '../../train/events.ts';
import { resumablePhases } from '../../train/checkpoint.ts';
import type { RunSettings } from '../../train/settings.ts';
import { runColours } from '../runLabels.ts';

export const entryVersion = 1;

const number = z.number();
const count = z.int().min(0);

const placeSchema = z.object({ phase: z.enum(resumablePhases), done: count, round: count });

/** One moment of a run that was kept: a checkpoint, and the run file of what had been measured by then. */
const saveSchema = z.object({
  /** Names the records; counts up. */
  number: count,
  place: placeSchema,
  /** Active run time, s. */
  seconds: number,
  /** Of checkpoint and file together. */
  bytes: count,
});
export type Save = z.output<typeof saveSchema>;

const entrySchema = z.object({
  version: z.literal(entryVersion),
  id: z.string().min(1),
  /** ISO; the list's order. */
  createdAt: z.string(),
  label: z.object({
    name: z.string(),
    note: z.string(),
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
  presetName: z.string(),
  source: z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('live') }),
    z.object({
      kind: z.enum(['file', 'recording']),
      name: z.string(),
      recordedAt: z.string(),
      commit: z.string().optional(),
    }),
  ]),
  parent: z.object({ id: z.string(), name: z.string(), place: z.string() }).nullable(),
  /** A run under way is kept as interrupted: that is what it is if the page ends now. `stopped` is one that a person has stopped. */
  status: z.enum(['interrupted', 'stopped', 'done']),
  /** What it ran on. */
  engine: z
    .object({
      ...{ engine: z.enum(['tfjs', 'wgsl', 'simd']), backend: z.string(), adapter: z.string() },
      ...{ isSoftware: z.boolean(), reason: z.string() },
      threads: count.optional(),
      build: z.enum(['plain', 'relaxed']).optional(),
    })
    .nullable(),
  phase: z.enum(phaseNames).nullable(),
  round: count,
  elapsedSeconds: number,
  /** Newest value of each metric. */
  latest: z.record(z.string(), number),
  benchmarks: z.array(
    z.object({
      phase: z.enum(['baseline', 'evaluation']),
      benchmark: z.enum(benchmarkNames),
      budget: z.enum(['short', 'long']),
      ...{ context: number, calls: number, k: number, problems: number, meanAtK: number, passAtK: number },
      ...{ toolCalls: number, truncated: number, responseLength: number },
    }),
  ),
  /** The run file that was written last, if any: of a finished run its end. */
  file: z.object({ number: count, bytes: count }).nullable(),
  /** Oldest first. */
  saves: z.array(saveSchema),
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
  const name = head.data?.label === undefined ? 'A kept run' : `“${head.data.label.name.slice(0, 80)}”`;
  if (head.data !== undefined && head.data.version > entryVersion) {
    return {
      ok: false,
      message: `${name} was kept by a newer version of the lab; reload the page to get that. Nothing of it is lost.`,
    };
  }
  const parsed = entrySchema.safeParse(record);
  if (!parsed.success) {
    const where = parsed.error.issues[0]?.path.join('.') ?? '';
    return { ok: false, message: `${name} cannot be listed: its record is damaged (at “${where}”).` };
  }
  const settings = parseSettings(parsed.data.settings);
  if (settings === null)
    return { ok: false, message: `${name} cannot be listed: its settings are not ones this lab knows.` };
  return { ok: true, entry: { ...parsed.data, settings } };
}

/** Everything that the entry's records take, bytes. */
export function entryBytes({ file, saves }: Pick<RunEntry, 'file' | 'saves'>): number {
  return saves.reduce((sum, { bytes }) => sum + bytes, file?.bytes ?? 0);
}
