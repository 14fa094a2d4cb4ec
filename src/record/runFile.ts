/**
 * A run as a file: everything measured at full resolution, and a bounded sample of what was read and written (`runFileSample.ts`).
 * Format `aster-lab-run`, version 1, JSON.
 *
 * Invariants (runFile.test.ts). (1) Opening what was exported gives the same view, and exporting that gives the same file. (2) A
 * malformed, foreign or newer file gives one sentence and changes nothing. (3) A `mini` run stays below 3 MB.
 */
import { z } from 'zod';
import { parseJson } from '../foreign/json.ts';
import { complaint } from '../foreign/schema.ts';
import type { CurationReport } from '../curation/curate.ts';
import { isSoftwareAdapter } from '../engine/softwareAdapter.ts';
import { metricNames, type MetricName } from '../metrics/registry.ts';
import type { Trajectory } from '../tasks/trajectory.ts';
import { withOlderLetters } from '../train/settings.ts';
import { withOlderRules } from './olderSettings.ts';
import { recordedPhase } from './phases.ts';
import { readProbe, writeProbe } from './probe.ts';
import { defaultPreset, findPreset } from '../recipes/presets.ts';
import type { RecordedRun } from './recordedRun.ts';
import type { RunView } from './runView.ts';
import { sampleRounds } from './runFileSample.ts';
import { fileSchema, type RunFile } from './runFileSchema.ts';
import { parseSettings, type RunSettings } from '../recipes/formModel.ts';
import type { SeriesColumns } from './metricSeries.ts';
import { TrajectoryReader, TrajectoryWriter, type trajectorySchema } from './trajectoryFile.ts';

const format = 'aster-lab-run';
const version = 1;

/** Curated trajectories. */
const curatedSample = 100;

/** The file's text. */
export function writeRunFile(run: RecordedRun): string {
  const { view, series } = run;
  const writer = new TrajectoryWriter();
  const write = (trajectories: readonly Trajectory[]) => trajectories.map((t) => writer.write(t));
  const curation = view.curation && {
    report: { ...view.curation.report, examples: mapValues(view.curation.report.examples, write) },
    kept: write(view.curation.kept.slice(0, curatedSample)),
  };
  const rounds = sampleRounds(view.rounds).map(({ round, phase, trajectories }) => ({
    round,
    phase,
    trajectories: trajectories.map((trajectory) => writer.writeScored(trajectory)),
  }));
  return JSON.stringify({
    format,
    version,
    recordedAt: run.recordedAt,
    origin: run.origin,
    preset: run.presetName,
    settings: run.settings,
    base: run.base,
    engine: run.engine,
    sandbox: run.sandbox,
    parameters: run.parameters,
    elapsedSeconds: run.elapsedSeconds,
    tokensPerSecond: run.tokensPerSecond,
    ...(view.weights.length === 0 ? {} : { weights: view.weights }),
    phases: view.phases.map(({ name, status, done, total, unit, detail, round }) => ({
      name,
      status,
      done,
      total,
      unit,
      detail,
      round,
    })),
    series,
    benchmarks: view.benchmarks,
    collapse: view.collapse,
    curation,
    promptFilter: view.promptFilter,
    // Written before `problems` is: its trajectories name theirs.
    ...(view.probe === null ? {} : { probe: writeProbe(view.probe, writer) }),
    problems: writer.problems,
    rounds,
  });
}

export type ReadRun =
  | {
      readonly ok: true;
      readonly run: RecordedRun;
      /** What could not be taken over, if anything. */
      readonly notices: readonly string[];
    }
  /** The message completes “… was not opened:”. */
  | { readonly ok: false; readonly message: string };

const headSchema = z.looseObject({ format: z.literal(format), version: z.number() });

/** Read a file's text. Never throws. */
export function readRunFile(contents: string): ReadRun {
  const parsed = parseJson(contents);
  return parsed.ok ? readRun(parsed.json) : parsed;
}

/** Read a parsed file. Never throws. */
export function readRun(json: unknown): ReadRun {
  const head = headSchema.safeParse(json);
  if (!head.success) return { ok: false, message: 'it is not a run exported by ASTER Lab.' };
  if (head.data.version > version) {
    return {
      ok: false,
      message: 'it was exported by a newer version of the lab; reload the page to get it.',
    };
  }
  const parsed = fileSchema.safeParse(json);
  if (!parsed.success) return { ok: false, message: complaint(parsed.error) };
  const settings = parseSettings(
    withOlderRules(withOlderLetters(parsed.data.settings), parsed.data.promptFilter),
  );
  if (settings === null) return { ok: false, message: 'its settings are not ones this lab knows.' };
  try {
    return { ok: true, ...recordedRun(parsed.data, settings) };
  } catch (error) {
    return { ok: false, message: error instanceof Error ? error.message : 'it is damaged.' };
  }
}

function recordedRun(
  file: RunFile,
  settings: RunSettings,
): { readonly run: RecordedRun; readonly notices: readonly string[] } {
  const reader = new TrajectoryReader(file.problems);
  const read = (rows: readonly z.output<typeof trajectorySchema>[]) => rows.map((row) => reader.read(row));
  const preset = findPreset(file.preset);
  const view: RunView = {
    phases: file.phases.map(recordedPhase),
    rounds: file.rounds.map((round) => ({
      ...round,
      trajectories: round.trajectories.map((row) => reader.readScored(row)),
    })),
    weights: file.weights ?? [],
    probe: file.probe === undefined ? null : readProbe(file.probe, reader),
    curation: file.curation && {
      report: { ...file.curation.report, examples: mapValues(file.curation.report.examples, read) },
      kept: read(file.curation.kept),
    },
    promptFilter: file.promptFilter,
    benchmarks: file.benchmarks,
    collapse: file.collapse,
  };
  const { rounds, sft, histograms, latest } = file.series;
  const run: RecordedRun = {
    recordedAt: file.recordedAt,
    origin: file.origin,
    base: file.base,
    settings,
    presetName: preset?.name ?? defaultPreset,
    engine: file.engine && {
      ...file.engine,
      isSoftware: file.engine.isSoftware ?? ranInSoftware(file.engine),
    },
    sandbox: file.sandbox,
    parameters: file.parameters,
    elapsedSeconds: file.elapsedSeconds,
    tokensPerSecond: file.tokensPerSecond,
    view,
    series: {
      rounds: knownColumns(rounds),
      sft: knownColumns(sft),
      histograms,
      latest: onlyKnown(latest),
    },
  };
  const notices =
    preset === undefined
      ? [
          `The run was made with the preset “${file.preset.slice(0, 40)}”, which this lab does not have; its settings are complete all the same.`,
        ]
      : [];
  return { run, notices };
}

/** For files from before engines said so themselves. */
function ranInSoftware({ backend, adapter }: NonNullable<RunFile['engine']>): boolean {
  return backend === 'wasm' || backend === 'cpu' || isSoftwareAdapter({ name: adapter });
}

function knownColumns({ x, metrics }: RunFile['series']['rounds']): SeriesColumns {
  for (const [name, column] of Object.entries(metrics)) {
    if (column.length !== x.length)
      throw new Error(`it is damaged: “${name.slice(0, 80)}” has another length than its axis.`);
  }
  return { x, metrics: onlyKnown(metrics) };
}

/** Metrics that another version of the lab had are left out. */
function onlyKnown<T>(values: Record<string, T>): Partial<Record<MetricName, T>> {
  const known: Partial<Record<MetricName, T>> = {};
  for (const name of metricNames) {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value !== undefined) known[name] = value;
  }
  return known;
}

function mapValues<A, B>(
  examples: Readonly<Record<keyof CurationReport['examples'], A>>,
  map: (value: A) => B,
): Record<keyof CurationReport['examples'], B> {
  return Object.fromEntries(Object.entries(examples).map(([name, value]) => [name, map(value)])) as Record<
    keyof CurationReport['examples'],
    B
  >;
}
