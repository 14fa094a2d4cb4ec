/**
 * For tests only: trajectories of the scripted teacher, with calls run by `runArithmetic`.
 */
import { Random } from '../../random/random.ts';
import { runArithmetic } from './arithmetic.ts';
import { problemFamily, type TaskSettings } from '../families.ts';
import { trainProblem, type LengthRange } from '../problems.ts';
import {
  planCode,
  planTrajectory,
  teacherStyle,
  type TeacherPlan,
  type TeacherSettings,
} from '../teacher.ts';
import type { Trajectory } from '../trajectory.ts';
import { transcribePlan } from '../transcript.ts';

export const chainTask: TaskSettings = {
  family: 'chain',
  valueMax: 49,
  operations: '+-*/%',
  firstLetter: 'any',
};
export const recurrenceTask: TaskSettings = {
  family: 'recurrence',
  valueMax: 49,
  operations: '+-*/%',
  firstLetter: 'any',
};
export const hornerTask: TaskSettings = { ...recurrenceTask, family: 'horner' };
export const microTask: TaskSettings = {
  family: 'chain',
  valueMax: 20,
  operations: '+-',
  firstLetter: 'any',
};

export const faultless: TeacherSettings = {
  denseWeight: 1,
  sparseWeight: 1,
  naturalWeight: 1,
  selectiveWeight: 1,
  denseShares: '1',
  checksMin: 0,
  checksMax: 3,
  checkKind: 'step',
  slipRate: 0,
  badCallRate: 0,
};

export interface Taught {
  readonly plan: TeacherPlan;
  readonly trajectory: Trajectory;
}

/** `count` trajectories, each with a style drawn by the settings' weights. */
export function teach(
  task: TaskSettings,
  settings: TeacherSettings,
  count: number,
  seed = 1,
  lengths: LengthRange = { min: 4, max: 8 },
): Taught[] {
  const family = problemFamily(task);
  return Array.from({ length: count }, (_, index) => {
    const random = new Random(seed).fork('pool', index);
    const problem = trainProblem(task, lengths, 'cold-start', seed, index);
    const plan = planTrajectory(problem, family, teacherStyle(settings, random), settings, random);
    return { plan, trajectory: transcribePlan(plan, planCode(plan).map(runArithmetic)) };
  });
}
