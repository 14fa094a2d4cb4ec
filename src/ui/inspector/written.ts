/** What the transcript shows. */
import type { Trajectory } from '../../tasks/trajectory.ts';

/** A trajectory; one that is still being written has not stopped. */
export type Written = Omit<Trajectory, 'stop'> & { readonly stop: Trajectory['stop'] | null };
