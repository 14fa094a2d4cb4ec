/**
 * What a study shows: a line for each variant, and its numbers before and after reinforcement learning, as means with their smallest and
 * largest value over seeds. The page's Compare panel and the report (cli/report.ts) read the same numbers from here.
 *
 * Invariants (compare.test.ts). (1) What no run measured is null, never a zero. (2) A round that only some seeds reached says how many
 * did.
 */
import { benchmarkNames, type BenchmarkName } from '../tasks/problems.ts';
import type { SeriesPoint } from '../record/metricSeries.ts';
import {
  benchmarkResult,
  callsKept,
  endValue,
  spread,
  type Spread,
  type Study,
  type StudyMetric,
  type StudyRun,
} from './study.ts';

const density = 'tool_use/avg_tool_calls_per_trajectory' satisfies StudyMetric;

export interface BandPoint extends Spread {
  readonly x: number; // round
}

/** One run of a variant, by round. */
export interface SeedLine {
  readonly seed: number;
  readonly points: readonly { readonly x: number; readonly y: number }[];
}

export interface CompareLine {
  readonly name: string;
  readonly title: string;
  readonly points: readonly BandPoint[];
  /** What the points are means of: where runs part, nothing lies where their mean does. */
  readonly seeds: readonly SeedLine[];
}

export const runsOf = (study: Study, variant: string): readonly StudyRun[] =>
  study.runs.filter((run) => run.variant === variant);

/** Variants that learned something; the others only evaluate and have no rounds. */
export function learningVariants(study: Study): Study['variants'] {
  return study.variants.filter(({ name }) => runsOf(study, name).some(({ rounds }) => rounds.x.length > 0));
}

/** A metric of each run by round. */
export function seedLines(runs: readonly StudyRun[], metric: StudyMetric): readonly SeedLine[] {
  return runs.map(({ seed, rounds }) => ({
    seed,
    points: rounds.x.flatMap((x, row) => {
      const y = rounds.metrics[metric]?.[row];
      return y === null || y === undefined ? [] : [{ x, y }];
    }),
  }));
}

/** Lines of several seeds as one with its spread. */
export function bandOf(seeds: readonly SeedLine[]): readonly BandPoint[] {
  const byRound = new Map<number, number[]>();
  for (const { x, y } of seeds.flatMap(({ points }) => points)) {
    const values = byRound.get(x);
    if (values === undefined) byRound.set(x, [y]);
    else values.push(y);
  }
  return [...byRound.entries()]
    .sort(([a], [b]) => a - b)
    .flatMap(([x, values]) => {
      const over = spread(values);
      return over === null ? [] : [{ x, ...over }];
    });
}

/** A line for each variant that learned, in the study's order; one without the metric has no points. */
export function studyLines(study: Study, metric: StudyMetric): readonly CompareLine[] {
  return learningVariants(study).map(({ name, title }) => {
    const seeds = seedLines(runsOf(study, name), metric);
    return { name, title, points: bandOf(seeds), seeds };
  });
}

/** A run's own series as one more line: what was measured once is its own smallest and largest. */
export function runLine(rounds: readonly SeriesPoint[], metric: StudyMetric): readonly BandPoint[] {
  return rounds.flatMap((point) => {
    const value = point[metric];
    return value === undefined ? [] : [{ x: point.x, mean: value, min: value, max: value, seeds: 1 }];
  });
}

export interface StageStart {
  readonly stage: 1 | 2;
  readonly round: number;
  /** Variants whose runs begin the stage there; empty where all of them do. */
  readonly variants: readonly string[];
}

/** Where the stages of these variants begin, each round once. */
export function stageStarts(study: Study, shown: readonly string[]): readonly StageStart[] {
  return ([1, 2] as const).flatMap((stage) => {
    const byRound = new Map<number, Set<string>>();
    for (const run of study.runs) {
      const round = stage === 1 ? run.stage1 : run.stage2;
      if (round === null || !shown.includes(run.variant)) continue;
      byRound.set(round, (byRound.get(round) ?? new Set()).add(run.variant));
    }
    const rounds = [...byRound.entries()].sort(([a], [b]) => a - b);
    return rounds.map(([round, variants]) => ({
      stage,
      round,
      variants: rounds.length === 1 ? [] : [...variants],
    }));
  });
}

export interface AlarmCount {
  readonly fired: number;
  readonly of: number;
  /** In which rounds, smallest first. */
  readonly rounds: readonly number[];
}

export interface BenchmarkChange {
  readonly benchmark: BenchmarkName;
  readonly before: Spread | null;
  readonly after: Spread | null;
}

/** A variant's numbers: each a mean over its seeds, with the smallest and the largest. */
export interface CompareRow {
  readonly name: string;
  readonly title: string;
  readonly runs: number;
  /** Calls per trajectory in the first round of GRPO, which the alarm compares with. */
  readonly firstCalls: Spread | null;
  /** The same at the end: mean of the last rounds (study/study.ts). */
  readonly endCalls: Spread | null;
  /** Share of trajectories with at most two calls, at the end. */
  readonly atMost2: Spread | null;
  /** Calls after GRPO as a share of those before, on the same problems under the long budget. */
  readonly kept: Spread | null;
  readonly alarm: AlarmCount;
  /** mean@k on each benchmark, before and after reinforcement learning. */
  readonly accuracy: Readonly<Record<'short' | 'long', readonly BenchmarkChange[]>>;
  readonly minutes: Spread | null;
}

export function studyRows(study: Study): readonly CompareRow[] {
  return study.variants.map(({ name, title }) => {
    const runs = runsOf(study, name);
    return {
      name,
      title,
      runs: runs.length,
      firstCalls: spread(runs.map(({ reference }) => reference?.density ?? null)),
      endCalls: spread(runs.map((run) => endValue(run, density))),
      atMost2: spread(runs.map((run) => endValue(run, 'tool_use/at_most_2_ratio'))),
      kept: spread(runs.map((run) => callsKept(run, 'long'))),
      alarm: alarmCount(runs),
      accuracy: { short: accuracy(runs, 'short'), long: accuracy(runs, 'long') },
      minutes: spread(runs.map(({ seconds }) => seconds / 60)),
    };
  });
}

function alarmCount(runs: readonly StudyRun[]): AlarmCount {
  const rounds = runs.flatMap(({ alarm }) => (alarm === null ? [] : [alarm.round])).sort((a, b) => a - b);
  // A run without a reference never began to learn: the alarm had nothing to watch.
  return { fired: rounds.length, of: runs.filter(({ reference }) => reference !== null).length, rounds };
}

function accuracy(runs: readonly StudyRun[], budget: 'short' | 'long'): readonly BenchmarkChange[] {
  const over = (benchmark: BenchmarkName, phase: 'baseline' | 'evaluation') =>
    spread(runs.map((run) => benchmarkResult(run, phase, benchmark, budget)?.meanAtK ?? null));
  return benchmarkNames.map((benchmark) => ({
    benchmark,
    before: over(benchmark, 'baseline'),
    after: over(benchmark, 'evaluation'),
  }));
}

/** Every value once, in the order of its first run. */
export function distinct<T extends string | number>(values: readonly T[]): readonly T[] {
  return [...new Set(values)];
}
