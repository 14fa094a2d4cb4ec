/**
 * What a speed test found: plain numbers that survive JSON and structured clone.
 *
 * A number that was not measured is null and never made up; `notes` says why.
 */
import type { GpuCounts } from './gpuTap.ts';
import type { Quantiles } from './statistics.ts';
import type { BenchPreset } from './workload.ts';

export type WorkKind = 'sft' | 'grpo' | 'rollout';
export type BenchEngineName = 'wgsl' | 'tfjs';

export interface EngineCell {
  /** Training: all tokens of the batch. Rollouts: tokens after the prompts, sampled and forced. */
  readonly tokensPerSecond: Quantiles;
  /** Of one optimizer step, or of a whole rollout. */
  readonly milliseconds: Quantiles;
  /** JavaScript of one optimizer step until the thread is first free; null for rollouts, which take many turns. */
  readonly jsMilliseconds: Quantiles | null;
  /** Of one optimizer step, or of a whole rollout. */
  readonly counts: GpuCounts;
}

/** What is measured; shares follow when the adapter's best is known. */
export type MeasuredCell = Omit<TimedCell, 'wgslShares'>;

export interface TimedCell {
  readonly preset: BenchPreset;
  readonly work: WorkKind;
  readonly sequences: number;
  readonly tokens: number;
  /** Rollouts: decoding steps of the longest sequence; null for training. */
  readonly steps: number | null;
  /** The work was cut down because the adapter is too slow for the task's own sizes. */
  readonly reduced: boolean;
  readonly wgsl: EngineCell;
  readonly tfjs: EngineCell | null;
  /** wgsl over tfjs, each sample against its neighbour in time. */
  readonly ratio: Quantiles | null;
  /** Training: relative difference of the first losses. Rollouts: share of sequences that differ in any token. */
  readonly disagreement: number | null;
  /**
   * What wgsl's median is, in operations and in bytes a second (`cost.ts`); operations are null for rollouts. Of a batch of
   * `sequences`: where the batch was cut down for the slower engine, wgsl is timed by itself on the largest that it has time for.
   */
  readonly wgslRates: { readonly flops: number | null; readonly bytes: number; readonly sequences: number };
  /** The same as shares of the adapter's best measured matmul rate and copy bandwidth. */
  readonly wgslShares: { readonly matmul: number | null; readonly copy: number };
}

/** The best that was seen in the whole speed test: it is measured at the start and again after every preset. */
export interface Peak {
  /** Floating-point operations, or bytes read and written, per second: the best variant's median. */
  readonly perSecond: Quantiles;
  /** Which shape and kernel were best. */
  readonly best: string;
  readonly tried: readonly { readonly name: string; readonly perSecond: number }[];
}

export interface Target {
  readonly text: string;
  readonly wanted: number;
  readonly measured: number;
  readonly unit: 'times' | 'share';
  readonly reached: boolean;
}

export interface BenchReport {
  readonly date: string; // ISO
  readonly adapter: string;
  readonly software: boolean;
  readonly host: string;
  readonly versions: Readonly<Record<string, string>>;
  readonly secondsPerCell: number;
  readonly parameters: Readonly<Partial<Record<BenchPreset, number>>>;
  readonly matmul: Peak;
  readonly copy: Peak;
  readonly cells: readonly TimedCell[];
  readonly targets: readonly Target[];
  readonly notes: readonly string[];
  /** False while the speed test goes on, and if it was stopped. */
  readonly complete: boolean;
}
