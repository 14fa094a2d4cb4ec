/**
 * The contract between the page and the speed test's worker; nothing else crosses.
 *
 * Every message survives structured clone. A worker takes one `start`, answers with `progress` and `report` messages, and
 * ends with `done` or `failed`. Stopping is terminating the worker: what it has reported stays with the page.
 */
import type { BenchReport, WorkKind } from '../bench/report.ts';
import type { BenchPreset } from '../bench/workload.ts';

export type { BenchReport, TimedCell, EngineCell, Peak, Target, WorkKind } from '../bench/report.ts';
export type { Quantiles } from '../bench/statistics.ts';
export type { BenchPreset } from '../bench/workload.ts';

export interface ToSpeedTest {
  readonly type: 'start';
  readonly presets: readonly BenchPreset[];
  readonly works: readonly WorkKind[];
  readonly secondsPerCell: number;
  /** In a cell at most; default: the recipe's batches. */
  readonly sequences?: number;
  /** Written into the report: when, where, with which versions. */
  readonly date: string; // ISO
  readonly host: string;
  readonly versions: Readonly<Record<string, string>>;
}

export type FromSpeedTest =
  | { readonly type: 'progress'; readonly doing: string; readonly share: number }
  /** What has been found so far, as numbers and as text; sent again whenever a cell is done. */
  | { readonly type: 'report'; readonly report: BenchReport; readonly markdown: string }
  | { readonly type: 'done' }
  | { readonly type: 'failed'; readonly message: string };
