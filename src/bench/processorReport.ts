/**
 * What the speed test on processors found: plain numbers that survive JSON, and the ratios that follow from them.
 *
 * Invariant: all contestants of a cell have the same number of samples, and the i-th of each are neighbours in time.
 */
import type { ContestantName } from './peers/contestant.ts';
import type { Target, WorkKind } from './report.ts';
import { quantilesOf, type Quantiles } from './statistics.ts';
import type { BenchPreset } from './workload.ts';

export interface ProcessorEntry {
  readonly name: ContestantName;
  /** What it is and on how many threads, in words. */
  readonly label: string;
  /** Tokens a second, of each sample: of a training batch, or after the prompts of a rollout. */
  readonly rates: readonly number[];
}

export interface ProcessorCell {
  readonly preset: BenchPreset;
  readonly work: WorkKind;
  readonly sequences: number;
  /** Of a training batch; of a rollout what our engine made of it. */
  readonly tokens: number;
  readonly entries: readonly ProcessorEntry[];
  /** Training: what `simd1` did of what the product kernel did beside it, as operations a second; null for rollouts. */
  readonly productShares: readonly number[] | null;
  /** Training: the largest relative difference of a first loss from `simd1`'s; null for rollouts, which are sampled freely. */
  readonly disagreement: number | null;
}

export interface ProcessorReport {
  readonly date: string; // ISO
  readonly host: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly secondsPerCell: number;
  /** Of the engine `simd`. */
  readonly threads: number;
  /** Of the product kernel on one thread, operations a second, and of which build and shape. */
  readonly product: { readonly perSecond: Quantiles; readonly of: string } | null;
  readonly cells: readonly ProcessorCell[];
  readonly goals: readonly Target[];
  readonly notes: readonly string[];
  /** False while the speed test goes on, and if it was stopped. */
  readonly complete: boolean;
}

/** How many times as fast `name` is as `other`, neighbour by neighbour; null where one of them was not timed. */
export function ratioOf(
  { entries }: ProcessorCell,
  name: ContestantName,
  other: ContestantName,
): Quantiles | null {
  const [mine, theirs] = [name, other].map((wanted) => entries.find((entry) => entry.name === wanted));
  if (!mine || !theirs) return null;
  return quantilesOf(mine.rates.map((rate, i) => rate / theirs.rates[i]!));
}
