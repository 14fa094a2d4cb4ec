/**
 * The checkpoint of a run that has not taken a step: with it, a run begins with weights from elsewhere exactly as one that goes on, and
 * is kept and taken up again like any other.
 */
import { CollapseDetector } from '../metrics/collapse.ts';
import type { NamedTensors } from '../policy/config.ts';
import type { RunCheckpoint } from './checkpoint.ts';
import type { RunSettings } from './settings.ts';

/** @param tensors of the policy that the settings name (runPolicy.ts) */
export function startCheckpoint(settings: RunSettings, tensors: NamedTensors): RunCheckpoint {
  const zeros = (): NamedTensors =>
    new Map(
      [...tensors].map(([name, { shape, data }]) => [name, { shape, data: new Float32Array(data.length) }]),
    );
  return {
    settings,
    position: {
      phase: 'sft',
      done: 0,
      round: 0,
      trajectories: settings.teacher.trajectories, // the teacher's have numbers too
      collapse: new CollapseDetector(settings.collapse).memory,
      solved: [],
    },
    tensors,
    optimizer: { step: 0, m: zeros(), v: zeros() },
    reference: null,
  };
}
