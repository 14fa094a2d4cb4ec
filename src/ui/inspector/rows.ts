/**
 * Trajectories as rows of a list: which are shown, and in what order. Pure.
 */
import type { ScoredTrajectory } from '../../record/runView.ts';

export const filters = ['all', 'right', 'wrong', 'cut'] as const;
export type Filter = (typeof filters)[number];

export const sortings = ['sampled', 'calls', 'length', 'advantage'] as const;
export type Sorting = (typeof sortings)[number];

/** Whether a trajectory passes; one that was cut off is wrong as well, and both filters show it. */
export function passes({ reward, stop }: ScoredTrajectory, filter: Filter): boolean {
  switch (filter) {
    case 'all':
      return true;
    case 'right':
      return reward > 0;
    case 'wrong':
      return reward <= 0;
    case 'cut':
      return stop !== 'end';
  }
}

/** The most first; as sampled where they are alike. */
export function sorted<T extends ScoredTrajectory>(
  trajectories: readonly T[],
  sorting: Sorting,
): readonly T[] {
  const size = (one: T): number => {
    switch (sorting) {
      case 'sampled':
        return 0;
      case 'calls':
        return one.calls.length;
      case 'length':
        return one.tokens.length;
      case 'advantage':
        return one.advantage;
    }
  };
  return trajectories.toSorted((a, b) => size(b) - size(a));
}
