/**
 * Interaction density of a pool: tool calls per trajectory, counted and binned.
 *
 * Invariant: calls are counted in the tokens (tasks/calls.ts), the same way for teacher and policy; the bins are
 * disjoint, and every trajectory with at least one call is in exactly one of them.
 */
import { countToolCalls } from '../tasks/calls.ts';
import type { Trajectory } from '../tasks/trajectory.ts';

export const densityBins = ['sparse', 'medium', 'dense'] as const;
export type DensityBin = (typeof densityBins)[number];

export interface BinSettings {
  /** Bin `sparse` is 1..sparseMax calls. */
  readonly sparseMax: number;
  /** Bin `dense` is denseMin calls or more, above sparseMax; `medium` is what lies between. */
  readonly denseMin: number;
}

/** Tool calls of one trajectory. */
export function interactionDensity(trajectory: Trajectory): number {
  return countToolCalls(trajectory.tokens, trajectory.lossMask);
}

/** The bin of a number of calls; null for none, which no bin holds. */
export function densityBin(calls: number, settings: BinSettings): DensityBin | null {
  if (calls === 0) return null;
  if (calls <= settings.sparseMax) return 'sparse';
  return calls >= settings.denseMin ? 'dense' : 'medium';
}

/** Trajectories by number of calls. // [most calls + 1], empty for an empty pool */
export function densityHistogram(trajectories: readonly Trajectory[]): number[] {
  const histogram: number[] = [];
  for (const trajectory of trajectories) {
    const calls = interactionDensity(trajectory);
    while (histogram.length <= calls) histogram.push(0);
    histogram[calls]!++;
  }
  return histogram;
}
