/**
 * What `npm run study` is asked to do: an experiment, over a preset, some of its variants, several seeds.
 *
 * Every run is checked before the first one starts; everything wrong with the words of the command line is one `UsageError` with a
 * sentence that says what to write instead.
 */
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import {
  experiments,
  findExperiment,
  variantSettings,
  type Experiment,
  type Variant,
} from '../recipes/experiments.ts';
import { differingPaths, getSetting } from '../recipes/formModel.ts';
import { findPreset, presets, type Preset } from '../recipes/presets.ts';
import { countOption, numberOption, resolveSettings, UsageError } from './options.ts';

export const studyUsage = `npm run study -- collapse --seeds 1,2,3

  ${experiments.map(({ name, question }) => `${name.padEnd(15)} ${question}`).join('\n  ')}

  --preset    ${presets.map(({ name }) => name).join(', ')}  (default: the experiment’s own)
  --seeds     default 1,2,3
  --variants  only these, by name (default all)
  --jobs      runs at a time (default 1)
  --threads   of each run where the processor computes (default: the cores, shared among the runs at a time)
  --set       a setting of every run, e.g. --set run.backend=simd
  --out       the study's folder (default runs/<experiment>-<preset>)`;

/** One run of a study. */
export interface Job {
  readonly variant: Variant;
  readonly seed: number;
  readonly folder: string;
  /** Settings over the preset's, as `--set` takes them. */
  readonly assignments: readonly string[];
}

export interface StudyOptions {
  readonly experiment: Experiment;
  readonly preset: Preset;
  readonly jobs: readonly Job[];
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
  const jobs = chosenSeeds(values.seeds ?? '1,2,3').flatMap((seed) =>
    variants.map((variant) => job(preset, variant, seed, out, values.set ?? [])),
  );
  return {
    ...{ experiment, preset, jobs, out },
    atOnce: countOption('jobs', values.jobs ?? '1'),
    threads: values.threads === undefined ? null : countOption('threads', values.threads),
  };
}

/** Where a study's run of this variant and seed lies. */
export function runFolderOf(out: string, variant: string, seed: number): string {
  return join(out, `${variant}-${seed}`);
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
        jobs: { type: 'string' },
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

function job(preset: Preset, variant: Variant, seed: number, out: string, assigned: readonly string[]): Job {
  const settings = variantSettings(preset.settings, variant);
  const changed = differingPaths(preset.settings, settings).map(
    (path) => `${path}=${getSetting(settings, path)}`,
  );
  const assignments = [...changed, ...assigned];
  resolveSettings(preset.settings, { seed: `${seed}`, assignments }); // throws what is wrong with it
  return { variant, seed, folder: runFolderOf(out, variant.name, seed), assignments };
}
