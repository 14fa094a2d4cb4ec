/**
 * A run's checkpoint: everything that it takes to go on exactly where a run stopped.
 *
 * Invariant: a run that goes on from a checkpoint emits, from there, the same events as one that never stopped (a test
 * compares the two). What the settings determine alone (problems, the teacher's pool, the curated set, the order of batches) is
 * not stored: it is made again.
 */
import type { OptimizerState, SftStats } from '../engine/engine.ts';
import type { CollapseMemory } from '../metrics/collapse.ts';
import type { NamedTensors } from '../policy/config.ts';
import type { StepResult } from './optimizerSteps.ts';
import type { RunSettings } from './settings.ts';

/** The phases in which a run can be taken up again, in order. */
export const resumablePhases = ['sft', 'baseline', 'stage1', 'stage2', 'evaluation'] as const;
export type ResumablePhase = (typeof resumablePhases)[number];

export interface RunPosition {
  readonly phase: ResumablePhase;
  /** Steps of the phase (of an evaluation: benchmarks) that are behind. */
  readonly done: number;
  /** Rollout batches, and trajectory numbers given out, since the run's start. */
  readonly round: number;
  readonly trajectories: number;
  readonly collapse: CollapseMemory;
  /** Stage 1's prompts as they fared on their last visit: problem id, right answers among its G samples. */
  readonly solved: readonly (readonly [string, number])[];
  /** In the cold start, where the step after `done` is in the weights already, though it was not told yet: what it reported. */
  readonly ahead?: StepResult<SftStats>;
}

export interface RunCheckpoint {
  readonly settings: RunSettings;
  readonly position: RunPosition;
  readonly tensors: NamedTensors;
  readonly optimizer: OptimizerState;
  /** The frozen policy that the KL penalty is measured from; null where there is none (yet). */
  readonly reference: NamedTensors | null;
}

/** Steps of `phase` that lie behind `position`: all of them (`Infinity`) when a later phase has begun. */
export function stepsDone(position: RunPosition | null, phase: ResumablePhase): number {
  if (position === null) return 0;
  const order = resumablePhases.indexOf(phase) - resumablePhases.indexOf(position.phase);
  return order < 0 ? Infinity : order === 0 ? position.done : 0;
}
