/**
 * What `npm run study` is asked to do: an experiment, over a preset, some of its variants, several seeds.
 *
 * Every run is checked before the first one starts; everything wrong with the words of the command line is one `UsageError` with a
 * sentence that says what to write instead.
 */
import { createHash } from 'node:crypto';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  experiments,
  findExperiment,
  variantSettings,
  type Experiment,
  type Variant,
} from '../recipes/experiments.ts';
import { differingPaths, getSetting, type RunSettings } from '../recipes/formModel.ts';
import { findPreset, presets, type Preset } from '../recipes/presets.ts';
import { countOption, numberOption, resolveSettings, UsageError } from './options.ts';

export const studyUsage = `npm run study -- choice --seeds 1,2,3 --at-once 2

  ${experiments.map(({ name, question }) => `${name.padEnd(15)} ${question}`).join('\n  ')}

  --preset    ${presets.map(({ name }) => name).join(', ')}  (default: the experiment’s own)
  --seeds     default the experiment’s own
  --variants  only these, by name (default all)
  --at-once   runs at a time, each a process of its own (default 1)
  --threads   of each run where the processor computes (default: the cores, shared among the runs at a time)
  --set       a setting of every run, e.g. --set run.backend=simd; such a study keeps its cells in its own folder
  --table     make the table from the cells that are there; run nothing
  --cells     where finished runs are kept, one small file each (default src/study/cells/<experiment>-<preset>)
  --out       the study's folder (default runs/<experiment>-<preset>)

A finished run is a cell, a small file to be committed; what has one is not run again. A cell whose settings are no longer the experiment's
is stale: it is run anew, and left out of the table until then.`;

/** One run of a study. */
export interface Job {
  readonly variant: Variant;
  readonly seed: number;
  readonly folder: string;
  /** Settings over the preset's, as `--set` takes them. */
  readonly assignments: readonly string[];
  readonly settings: RunSettings;
}

export interface StudyOptions {
  readonly experiment: Experiment;
  readonly preset: Preset;
  readonly jobs: readonly Job[];
  /** The folder of its cells. */
  readonly cells: string;
  /** Run nothing: only the table is made. */
  readonly onlyTable: boolean;
  /** Runs at a time. */
  readonly atOnce: number;
  /** Of each run, where the processor computes; null: the cores, shared among the runs at a time. */
  readonly threads: number | null;
  /** The study's folder. */
  readonly out: string;
}

/** @throws UsageError */
export function parseStudyOptions(words: readonly string[]): StudyOptions | 'help' {
  const { values, positionals } = parseWords(words);
  if (values.help === true) return 'help';
  const experiment = findExperiment(positionals[0] ?? '');
  if (experiment === undefined) {
    const names = experiments.map(({ name }) => name).join(', ');
    throw new UsageError(
      positionals[0] === undefined
        ? `Name an experiment: ${names}.`
        : `There is no experiment “${positionals[0]}”; take one of ${names}.`,
    );
  }
  const presetName = values.preset ?? experiment.preset;
  const preset = findPreset(presetName);
  if (preset === undefined) {
    throw new UsageError(
      `There is no preset “${presetName}”; take one of ${presets.map(({ name }) => name).join(', ')}.`,
    );
  }
  const out = values.out ?? join('runs', `${experiment.name}-${presetName}`);
  const variants = chosenVariants(experiment, values.variants);
  const assigned = values.set ?? [];
  const jobs = chosenSeeds(values.seeds ?? experiment.seeds.join(',')).flatMap((seed) =>
    variants.map((variant) => job(experiment, preset, variant, seed, out, assigned)),
  );
  const committed = join('src', 'study', 'cells', `${experiment.name}-${presetName}`);
  return {
    ...{ experiment, preset, jobs, out },
    cells: values.cells ?? (assigned.length === 0 ? committed : join(out, 'cells')),
    onlyTable: values.table === true,
    atOnce: countOption('at-once', values['at-once'] ?? '1'),
    threads: values.threads === undefined ? null : countOption('threads', values.threads),
  };
}

/** What names a study's run of this variant and seed: its cell's file and its folder. */
export function cellName(variant: string, seed: number): string {
  return `${variant}-${seed}`;
}

/** A folder of the run's own: other settings are another run, and a run that was interrupted is found again. */
function runFolderOf(out: string, variant: string, settings: RunSettings): string {
  const digest = createHash('sha256').update(JSON.stringify(settings)).digest('hex').slice(0, 6);
  return join(out, `${cellName(variant, settings.run.seed)}-${digest}`);
}

function parseWords(words: readonly string[]) {
  try {
    return parseArgs({
      args: [...words],
      allowPositionals: true,
      options: {
        preset: { type: 'string' },
        seeds: { type: 'string' },
        variants: { type: 'string' },
        'at-once': { type: 'string' },
        table: { type: 'boolean' },
        cells: { type: 'string' },
        threads: { type: 'string' },
        set: { type: 'string', multiple: true },
        out: { type: 'string' },
        help: { type: 'boolean' },
      },
    });
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error));
  }
}

function chosenVariants({ variants }: Experiment, words: string | undefined): readonly Variant[] {
  if (words === undefined) return variants;
  const wanted = words.split(',');
  const unknown = wanted.find((name) => variants.every((variant) => variant.name !== name));
  if (unknown !== undefined) {
    throw new UsageError(
      `There is no variant “${unknown}”; the variants are ${variants.map(({ name }) => name).join(', ')}.`,
    );
  }
  return variants.filter(({ name }) => wanted.includes(name));
}

/** Each seed once, as two runs of one seed would write into one folder. */
function chosenSeeds(words: string): readonly number[] {
  const takes = 'whole numbers, 0 or more, with commas between them';
  const seeds = words
    .split(',')
    .map((word) => numberOption('seeds', word, takes, (seed) => Number.isInteger(seed) && seed >= 0));
  return [...new Set(seeds)];
}

function job(
  experiment: Experiment,
  preset: Preset,
  variant: Variant,
  seed: number,
  out: string,
  assigned: readonly string[],
): Job {
  const varied = variantSettings(preset.name, experiment, variant);
  const changed = differingPaths(preset.settings, varied).map(
    (path) => `${path}=${getSetting(varied, path)}`,
  );
  const assignments = [...changed, ...assigned];
  // Throws what is wrong with it.
  const settings = resolveSettings(preset.settings, { seed: `${seed}`, assignments });
  return { variant, seed, folder: runFolderOf(out, variant.name, settings), assignments, settings };
}
