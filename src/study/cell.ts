/**
 * A study's cell: what one finished run (experiment, variant, seed) measured, in a small file of its own that is committed, so that a
 * study goes on from what is there. Format `aster-lab-cell`, version 1.
 *
 * Invariants (cell.test.ts). (1) A cell says everything that decides its numbers: all settings, what it began with, commit, engine and
 * machine. (2) A cell whose settings or start are not those that the experiment asks for today is stale and never enters a
 * table: `staleReason` says why. A setting that did not exist when the cell was made counts as today's default.
 */
import { z } from 'zod';
import { parseJson } from '../foreign/json.ts';
import { complaint, name, text } from '../foreign/schema.ts';
import { defaultSettings, differingPaths, parseSettings, type RunSettings } from '../recipes/formModel.ts';
import type { RecordedRun } from '../record/recordedRun.ts';
import { runSchema, studyRun } from './study.ts';

const format = 'aster-lab-cell';
const version = 1;

/** Significant digits of what is measured every round. */
const roundDigits = 4;

const cellSchema = z.object({
  format: z.literal(format),
  version: z.literal(version),
  experiment: name,
  preset: name,
  commit: name.nullable(),
  machine: text, // e.g. "2 x AMD EPYC, Node v20.19.0"
  /** The kernels' build and threads where our own engine for processors ran. */
  engineBuild: name.nullable(),
  threads: z.number().nullable(),
  /** What the run's weights were at its beginning: `scratch`, a base and its file's digest, or another cell. */
  start: name,
  settings: z.unknown(),
  run: runSchema,
});
export type Cell = Omit<z.output<typeof cellSchema>, 'settings'> & { readonly settings: RunSettings };

export interface CellProvenance {
  readonly experiment: string;
  readonly preset: string;
  readonly machine: string;
  readonly start: string;
}

/** A run's start in words: a base with the digest of its weights, so that a base made anew is another start. */
export function startWords(
  base: { readonly name: string; readonly sha256: string | null } | undefined,
): string {
  return base === undefined ? 'scratch' : `${base.name} ${base.sha256?.slice(0, 12) ?? 'unknown'}`;
}

/** The cell of a finished run. */
export function makeCell(variant: string, recorded: RecordedRun, provenance: CellProvenance): Cell {
  const run = studyRun(variant, recorded);
  const metrics = Object.fromEntries(
    Object.entries(run.rounds.metrics).map(([name, column]) => [name, column.map(shortened)]),
  );
  return {
    ...{ format, version },
    experiment: provenance.experiment,
    preset: provenance.preset,
    commit: recorded.origin.commit ?? null,
    machine: provenance.machine,
    engineBuild: recorded.engine?.build ?? null,
    threads: recorded.engine?.threads ?? null,
    start: provenance.start,
    settings: recorded.settings,
    run: { ...run, rounds: { ...run.rounds, metrics } },
  };
}

function shortened(value: number | null): number | null {
  return value === null ? null : Number(value.toPrecision(roundDigits));
}

/** A line for each part, so that a change of one is a change of a line. */
export function writeCell(cell: Cell): string {
  const lines = Object.entries(cell).map(
    ([key, value]) => `${JSON.stringify(key)}: ${JSON.stringify(value)}`,
  );
  return `{\n${lines.join(',\n')}\n}\n`;
}

export type ReadCell =
  | { readonly ok: true; readonly cell: Cell }
  /** The message completes “… was left out:”. */
  | { readonly ok: false; readonly message: string };

export function readCell(contents: string): ReadCell {
  const json = parseJson(contents);
  if (!json.ok) return json;
  const parsed = cellSchema.safeParse(json.json);
  if (!parsed.success) return { ok: false, message: complaint(parsed.error) };
  const settings = parseSettings(parsed.data.settings);
  if (settings === null) return { ok: false, message: 'its settings are not ones that this lab knows.' };
  return { ok: true, cell: { ...parsed.data, settings } };
}

/**
 * Why a cell is not what is asked for now, in words that complete “… is stale:”; null where it is.
 * @param start what it would begin with now; null where that cannot be told (the base lies elsewhere)
 */
export function staleReason(
  cell: Pick<Cell, 'settings' | 'start'>,
  settings: RunSettings,
  start: string | null,
): string | null {
  // The engine that computed is part of a cell's provenance, not of its question.
  const { backend } = defaultSettings.run;
  const asked = { ...settings, run: { ...settings.run, backend } };
  const had = { ...cell.settings, run: { ...cell.settings.run, backend } };
  const paths = differingPaths(asked, had);
  if (paths.length > 0) {
    const more = paths.length > 4 ? ` and ${paths.length - 4} more` : '';
    return `other settings (${paths.slice(0, 4).join(', ')}${more})`;
  }
  return start === null || cell.start === start
    ? null
    : `it began with ${cell.start}, where a run would now begin with ${start}`;
}
