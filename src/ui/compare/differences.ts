/**
 * In which settings runs differ, and how each run ended: what the comparison of runs tells beside their lines.
 *
 * Pure. Invariants (differences.test.ts). (1) Only settings that differ are listed, in the form's order. (2) What was not measured is null,
 * never a zero. (3) A number comes with its standard error and with how many values it is taken over.
 */
import { shareError } from '../../metrics/interaction.ts';
import type { MetricName } from '../../metrics/registry.ts';
import { formField, getSetting, settingPaths, type SettingValue } from '../../recipes/formModel.ts';
import type { RunState } from '../../lab/state.ts';

export interface SettingDifference {
  readonly path: string;
  readonly title: string;
  readonly unit: string;
  /** One for each run. */
  readonly values: readonly SettingValue[];
}

export function settingDifferences(
  runs: readonly Pick<RunState, 'settings'>[],
): readonly SettingDifference[] {
  return settingPaths.flatMap((path) => {
    const values = runs.map(({ settings }) => getSetting(settings, path));
    if (values.every((value) => value === values[0])) return [];
    const field = formField(path);
    return [{ path, title: field?.title ?? path, unit: field?.unit ?? '', values }];
  });
}

/** A mean with its standard error. */
export interface Estimate {
  readonly mean: number;
  /** Null for a single value. */
  readonly error: number | null;
  readonly n: number;
  /** What n counts. */
  readonly of: string;
}

/** Rounds at the end of a run that its last value is the mean of. */
const endRounds = 5;

/** A metric over the last rounds, with the error of their mean. */
export function endEstimate({ series }: Pick<RunState, 'series'>, metric: MetricName): Estimate | null {
  const values = series.rounds.flatMap((point) => point[metric] ?? []).slice(-endRounds);
  const of = values.length === 1 ? 'round' : 'rounds';
  return estimateOf(values, of);
}

/** Mean and standard error of these values; null where there are none. */
export function estimateOf(values: readonly number[], of: string): Estimate | null {
  const n = values.length;
  if (n === 0) return null;
  const mean = values.reduce((sum, value) => sum + value, 0) / n;
  if (n === 1) return { mean, error: null, n, of };
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (n - 1);
  return { mean, error: Math.sqrt(variance / n), n, of };
}

type Benchmark = RunState['benchmarks'][number] & { readonly standardError?: number | undefined };

/** Accuracy on a held-out benchmark, before or after reinforcement learning. */
export function heldOutEstimate(
  { benchmarks }: Pick<RunState, 'benchmarks'>,
  phase: Benchmark['phase'],
  benchmark: Benchmark['benchmark'],
  budget: Benchmark['budget'],
): Estimate | null {
  const result: Benchmark | undefined = benchmarks.find(
    (one) => one.phase === phase && one.benchmark === benchmark && one.budget === budget,
  );
  if (result === undefined) return null;
  const { meanAtK, problems, standardError } = result;
  return {
    mean: meanAtK,
    // Samples of one problem are not independent: without the problems' own numbers, a problem counts as one draw, which is the most.
    error: standardError ?? shareError(meanAtK, Math.max(1, problems)),
    n: problems,
    of: 'problems',
  };
}
