/**
 * A study: an experiment's variants, each run with several seeds, and what the runs measured, taken from each run's own file
 * (record/runFile.ts). Format `aster-lab-study`, version 1. What is shown over seeds is the mean with the smallest and largest value,
 * which for three seeds says more than a standard deviation.
 *
 * Invariant (replay.test.ts of lab/): a malformed or newer file gives one sentence and changes nothing.
 */
import { z } from 'zod';
import * as limits from '../foreign/limits.ts';
import { complaint, count, listOf, measured, name, text } from '../foreign/schema.ts';
import { mean } from '../metrics/interaction.ts';
import type { MetricName } from '../metrics/registry.ts';
import type { BenchmarkName } from '../tasks/problems.ts';
import type { Experiment, Variant } from '../recipes/experiments.ts';
import type { RecordedRun } from '../record/recordedRun.ts';
import { benchmarkResultSchema } from '../record/runFileSchema.ts';

const format = 'aster-lab-study';
const version = 1;

/** Rounds at the end of a stage that an end value is the mean of. */
const endRounds = 5;

/** Metrics of which every round is kept. */
export const studyMetrics = [
  'tool_use/avg_tool_calls_per_trajectory',
  'tool_use/calls_per_required_step',
  'critic/score/mean',
  'critic/score/finished_mean',
  'actor/entropy',
  'tool_use/at_most_2_ratio',
  'tool_use/post_hoc_ratio',
  'response_length/clip_ratio',
] as const satisfies readonly MetricName[];
export type StudyMetric = (typeof studyMetrics)[number];

const column = listOf(measured.nullable(), limits.points);

export const runSchema = z.object({
  variant: name,
  seed: z.int().min(0),
  engine: name, // e.g. "wgsl, mesa llvmpipe"
  recordedAt: name,
  seconds: measured,
  /** Rounds of the cold start's probes come first, then stage 1's and stage 2's. */
  rounds: z.object({
    x: listOf(count, limits.points),
    metrics: z.partialRecord(z.enum(studyMetrics), column),
  }),
  /** The first round of each stage; null where the stage has no steps. */
  stage1: count.nullable(),
  stage2: count.nullable(),
  reference: z.object({ round: count, density: measured, trajectories: count.optional() }).nullable(),
  alarm: z.object({ round: count, since: count.optional(), density: measured }).nullable(),
  benchmarks: listOf(benchmarkResultSchema, limits.results),
});
export type StudyRun = z.output<typeof runSchema>;

const studySchema = z.object({
  format: z.literal(format),
  version: z.literal(version),
  experiment: name,
  title: name,
  question: text,
  preset: name,
  createdAt: name,
  commit: name.nullable(),
  variants: listOf(
    z.object({
      name,
      title: name,
      /** Its place in the table of two conditions, as recipes/experiments.ts has it. */
      row: name.optional(),
      column: name.optional(),
    }),
    limits.studyRuns,
  ),
  /** Rows' and columns' labels of the table of conditions; absent where the experiment has none. */
  crossed: z.object({ rows: name, columns: name }).optional(),
  /** Runs that it still lacks, in words: what is there is only a part. */
  missing: listOf(text, limits.studyRuns).optional(),
  runs: listOf(runSchema, limits.studyRuns),
});
export type Study = z.output<typeof studySchema>;

/** What a finished run adds to a study. */
export function studyRun(variant: string, run: RecordedRun): StudyRun {
  const { rounds } = run.series;
  const metrics = Object.fromEntries(
    studyMetrics.map((name) => [name, [...(rounds.metrics[name] ?? rounds.x.map(() => null))]]),
  ) as StudyRun['rounds']['metrics'];
  const firstRound = (phase: 'stage1' | 'stage2') => {
    const begun = run.view.phases.find(({ name }) => name === phase);
    return begun === undefined || begun.total === 0 ? null : begun.round + 1;
  };
  const { reference, alarm } = run.view.collapse;
  return {
    variant,
    seed: run.settings.run.seed,
    engine: run.engine === null ? 'unknown' : `${run.engine.engine}, ${run.engine.adapter}`,
    recordedAt: run.recordedAt,
    seconds: run.elapsedSeconds,
    rounds: { x: [...rounds.x], metrics },
    stage1: firstRound('stage1'),
    stage2: firstRound('stage2'),
    reference,
    alarm,
    benchmarks: [...run.view.benchmarks],
  };
}

export function makeStudy(
  experiment: Experiment,
  preset: string,
  runs: readonly StudyRun[],
  provenance: { readonly createdAt: string; readonly commit: string | null },
  missing: readonly string[] = [],
): Study {
  const { name, title, question, variants, crossed } = experiment;
  return {
    format,
    version,
    experiment: name,
    title,
    question,
    preset,
    ...provenance,
    variants: variants
      .filter((variant) => runs.some((run) => run.variant === variant.name))
      .map((variant) => ({ name: variant.name, title: variant.title, ...conditionsOf(variant) })),
    ...(crossed === undefined ? {} : { crossed }),
    ...(missing.length === 0 ? {} : { missing: [...missing] }),
    runs: [...runs],
  };
}

function conditionsOf({ row, column }: Variant): Pick<Variant, 'row' | 'column'> {
  return { ...(row === undefined ? {} : { row }), ...(column === undefined ? {} : { column }) };
}

export type ReadStudy =
  | { readonly ok: true; readonly study: Study }
  /** The message completes “… was not opened:”. */
  | { readonly ok: false; readonly message: string };

/** True for a parsed file that says it is a study, of whatever version. */
export function isStudy(json: unknown): boolean {
  return z.looseObject({ format: z.literal(format) }).safeParse(json).success;
}

/** @param json a parsed file */
export function readStudy(json: unknown): ReadStudy {
  const head = z.looseObject({ format: z.literal(format), version: z.number() }).safeParse(json);
  if (!head.success) return { ok: false, message: 'it is not a study made by ASTER Lab.' };
  if (head.data.version > version)
    return { ok: false, message: 'it was made by a newer version of the lab; reload the page to get it.' };
  const parsed = studySchema.safeParse(json);
  if (!parsed.success) return { ok: false, message: complaint(parsed.error) };
  const { runs } = parsed.data;
  const uneven = runs.some(({ rounds }) =>
    Object.values(rounds.metrics).some((values) => values.length !== rounds.x.length),
  );
  return uneven
    ? { ok: false, message: 'it is damaged: a column has another length than its axis.' }
    : { ok: true, study: parsed.data };
}

/** Mean, smallest and largest over seeds; null where no run measured it. */
export interface Spread {
  readonly mean: number;
  readonly min: number;
  readonly max: number;
  readonly seeds: number;
}

export function spread(values: readonly (number | null)[]): Spread | null {
  const measured = values.filter((value) => value !== null);
  if (measured.length === 0) return null;
  return {
    mean: mean(measured),
    min: Math.min(...measured),
    max: Math.max(...measured),
    seeds: measured.length,
  };
}

/** A metric's mean over the last rounds before `end` (a round; default: the last one). */
export function endValue({ rounds }: StudyRun, metric: StudyMetric, end = Infinity): number | null {
  const values = rounds.x.flatMap((x, row) => {
    const value = rounds.metrics[metric]?.[row];
    return x < end && value !== null && value !== undefined ? [value] : [];
  });
  const last = values.slice(-endRounds);
  return last.length === 0 ? null : mean(last);
}

/**
 * One benchmark of a run, at the temperature that was evaluated first (the paper's) or at the given one; undefined where it was not
 * evaluated.
 */
export function benchmarkResult(
  { benchmarks }: StudyRun,
  phase: 'baseline' | 'evaluation',
  benchmark: BenchmarkName,
  budget: 'short' | 'long',
  temperature?: number,
): StudyRun['benchmarks'][number] | undefined {
  return benchmarks.find(
    (one) =>
      one.phase === phase &&
      one.benchmark === benchmark &&
      one.budget === budget &&
      (temperature === undefined || one.temperature === temperature),
  );
}

/** Temperatures of a study's evaluations, lowest first; one that no run says is undefined. */
export function temperaturesOf({ runs }: Study): readonly (number | undefined)[] {
  const all = runs.flatMap(({ benchmarks }) => benchmarks.map(({ temperature }) => temperature));
  return [...new Set(all)].sort((a, b) => (a ?? 0) - (b ?? 0));
}

/** Tool calls per trajectory on the benchmark of the training range: the same problems before and after reinforcement learning. */
export function benchmarkCalls(
  run: StudyRun,
  phase: 'baseline' | 'evaluation',
  budget: 'short' | 'long',
): number | null {
  return benchmarkResult(run, phase, 'inRange', budget)?.toolCalls ?? null;
}

/** Calls after GRPO as a share of those after the cold start, over the whole benchmark of the training range. */
export function callsKept(run: StudyRun, budget: 'short' | 'long'): number | null {
  const before = benchmarkCalls(run, 'baseline', budget);
  const after = benchmarkCalls(run, 'evaluation', budget);
  return before === null || after === null || before === 0 ? null : after / before;
}
