/**
 * Curation: from the teacher's pool to the cold-start set, by the paper's three filters in their order (ASTER, arXiv
 * 2602.01204): the answer is right, every call succeeded, the interaction density is in the bin.
 *
 * Invariant: every trajectory of the pool is either kept or counted under exactly one reason, the first filter it
 * fails; `pool = kept + the sum of dropped`. Filters look at tokens and at the sandbox's log, never at the teacher's
 * plan.
 */
import type { Random } from '../random/random.ts';
import type { Trajectory } from '../tasks/trajectory.ts';
import { reward } from '../tasks/verifier.ts';
import {
  densityBin,
  densityHistogram,
  interactionDensity,
  type BinSettings,
  type DensityBin,
} from './density.ts';

export interface CurationSettings extends BinSettings {
  /** The bin that is kept; `all` keeps every density, trajectories without a call included; `belowDense` sparse and medium. */
  readonly bin: DensityBin | 'all' | 'belowDense';
  /** Whether `sparse` and `belowDense` also take trajectories without a call. */
  readonly keepZero: boolean;
  /** At most this many trajectories are kept, chosen by seed. */
  readonly size: number;
}

/** Why a trajectory is not in the set: the first filter it fails, or that there were enough without it. */
export const dropReasons = ['wrongAnswer', 'failedCall', 'otherBin', 'surplus'] as const;
export type DropReason = (typeof dropReasons)[number];

export interface CurationReport {
  /** Trajectories in the pool. */
  readonly pool: number;
  readonly kept: number;
  readonly dropped: Readonly<Record<DropReason, number>>;
  /** Trajectories by number of calls: of the pool, of those with right answers and sound calls, of the set. */
  readonly poolHistogram: readonly number[];
  readonly soundHistogram: readonly number[];
  readonly keptHistogram: readonly number[];
  /** A few for each reason, and of the set. */
  readonly examples: Readonly<Record<DropReason | 'kept', readonly Trajectory[]>>;
}

export interface CuratedSet {
  /** In a seeded order. */
  readonly kept: readonly Trajectory[];
  readonly report: CurationReport;
}

/** Examples of each kind in the report. */
const examplesShown = 3;

/** Filters the pool. An empty set is a result, not an error: the report says which filter took everything. */
export function curate(pool: readonly Trajectory[], settings: CurationSettings, random: Random): CuratedSet {
  const failing: Record<DropReason, Trajectory[]> = {
    wrongAnswer: [],
    failedCall: [],
    otherBin: [],
    surplus: [],
  };
  const passing: Trajectory[] = [];
  for (const trajectory of pool) {
    const reason = firstFilterFailed(trajectory, settings);
    (reason === null ? passing : failing[reason]).push(trajectory);
  }
  const order = random.fork('curation').shuffle(passing);
  const kept = order.slice(0, settings.size);
  failing.surplus = order.slice(settings.size);
  return {
    kept,
    report: {
      pool: pool.length,
      kept: kept.length,
      dropped: {
        wrongAnswer: failing.wrongAnswer.length,
        failedCall: failing.failedCall.length,
        otherBin: failing.otherBin.length,
        surplus: failing.surplus.length,
      },
      poolHistogram: densityHistogram(pool),
      soundHistogram: densityHistogram([...passing, ...failing.otherBin]),
      keptHistogram: densityHistogram(kept),
      examples: {
        wrongAnswer: failing.wrongAnswer.slice(0, examplesShown),
        failedCall: failing.failedCall.slice(0, examplesShown),
        otherBin: failing.otherBin.slice(0, examplesShown),
        surplus: failing.surplus.slice(0, examplesShown),
        kept: kept.slice(0, examplesShown),
      },
    },
  };
}

/** The first filter that a trajectory fails; null where it passes all three. */
export function firstFilterFailed(
  trajectory: Trajectory,
  settings: CurationSettings,
): Exclude<DropReason, 'surplus'> | null {
  if (reward(trajectory.problem, trajectory.tokens) === 0) return 'wrongAnswer';
  if (trajectory.calls.some((call) => call.result.kind !== 'ok')) return 'failedCall';
  return isInBin(interactionDensity(trajectory), settings) ? null : 'otherBin';
}

function isInBin(calls: number, settings: CurationSettings): boolean {
  if (settings.bin === 'all') return true;
  const bin = densityBin(calls, settings);
  if (bin === null) return settings.keepZero && (settings.bin === 'sparse' || settings.bin === 'belowDense');
  return settings.bin === 'belowDense' ? bin !== 'dense' : bin === settings.bin;
}
