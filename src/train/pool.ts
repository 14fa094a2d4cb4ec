/**
 * The first three phases: problems, the teacher's trajectories on them, and curation (ASTER, "cold-start data").
 *
 * Invariant: every call of every trajectory in the pool was really run in the sandbox, in its own namespace, before
 * curation looks at it.
 */
import { curate } from '../curation/curate.ts';
import { problemFamily } from '../tasks/families.ts';
import { trainProblem } from '../tasks/problems.ts';
import { planCode, planTrajectory, teacherStyle, type TeacherPlan } from '../tasks/teacher.ts';
import type { Problem } from '../tasks/problem.ts';
import type { Trajectory } from '../tasks/trajectory.ts';
import { transcribePlan } from '../tasks/transcript.ts';
import { stageLengths, type RunContext } from './context.ts';
import { boundary, within, type TickStream } from './ticks.ts';

/** Problems made, and trajectories executed, between two yields. */
const sliceSize = 256;

/** What of a run's context these phases need. */
export type PoolContext = Pick<
  RunContext,
  'settings' | 'sandbox' | 'random' | 'round' | 'reserveTrajectories'
>;

export interface ProblemSets {
  readonly coldStart: readonly Problem[];
  readonly stage1: readonly Problem[];
}

/** The cold start's problems and the pool of prompts that stage 1 draws from. */
export async function* makeProblems(context: PoolContext): TickStream<ProblemSets> {
  const { run, task, teacher, stage1 } = context.settings;
  const total = teacher.trajectories + task.trainProblems;
  yield within({ type: 'phase', phase: 'problems', total, unit: 'problems', round: context.round });
  const coldStartLengths = { min: task.coldStartMinLength, max: task.coldStartMaxLength };
  const coldStart: Problem[] = [];
  const stage1Problems: Problem[] = [];
  while (coldStart.length + stage1Problems.length < total) {
    for (let i = 0; i < sliceSize && coldStart.length + stage1Problems.length < total; i++) {
      if (coldStart.length < teacher.trajectories)
        coldStart.push(trainProblem(task, coldStartLengths, 'cold-start', run.seed, coldStart.length));
      else
        stage1Problems.push(
          trainProblem(task, stageLengths(stage1), 'stage-1', run.seed, stage1Problems.length),
        );
    }
    yield within({ type: 'progress', phase: 'problems', done: coldStart.length + stage1Problems.length });
  }
  yield boundary();
  return { coldStart, stage1: stage1Problems };
}

/** The scripted expert's trajectories, one per problem, their calls really run. */
export async function* teach(context: PoolContext, problems: readonly Problem[]): TickStream<Trajectory[]> {
  const { task, teacher, sandbox } = context.settings;
  yield within({
    type: 'phase',
    phase: 'teacher',
    total: problems.length,
    unit: 'trajectories',
    round: context.round,
  });
  const family = problemFamily(task);
  const pool: Trajectory[] = [];
  for (let first = 0; first < problems.length; first += sliceSize) {
    const plans = problems.slice(first, first + sliceSize).map((problem, i) => {
      const random = context.random.fork('teacher', first + i);
      return planTrajectory(problem, family, teacherStyle(teacher, random), teacher, random);
    });
    const results = await runPlans(context, plans);
    plans.forEach((plan, i) => pool.push(transcribePlan(plan, results[i] ?? [], sandbox.maxOutputLength)));
    yield within({ type: 'progress', phase: 'teacher', done: pool.length });
  }
  yield boundary();
  return pool;
}

/** Run the calls of many plans as one batch. @returns results per plan */
async function runPlans(context: PoolContext, plans: readonly TeacherPlan[]) {
  const first = context.reserveTrajectories(plans.length);
  const codes = plans.map(planCode);
  const results = await context.sandbox.run(
    codes.flatMap((cells, i) => cells.map((code) => ({ trajectory: first + i, code }))),
  );
  context.sandbox.release(plans.map((_, i) => first + i));
  let next = 0;
  return codes.map((cells) => results.slice(next, (next += cells.length)));
}

/** The three filters. Throws a sentence for people when they leave nothing to learn from. */
export async function* curatePool(
  context: PoolContext,
  pool: readonly Trajectory[],
): TickStream<readonly Trajectory[]> {
  yield within({
    type: 'phase',
    phase: 'curation',
    total: pool.length,
    unit: 'trajectories',
    round: context.round,
  });
  const { kept, report } = curate(pool, context.settings.curation, context.random);
  yield boundary(
    { type: 'curation', report, kept: kept.slice(0, curatedShown) },
    { type: 'progress', phase: 'curation', done: pool.length },
  );
  if (kept.length === 0 && context.settings.sft.epochs > 0) throw new EmptyColdStartError();
  return kept;
}

/** Curated trajectories handed to the page for browsing. */
const curatedShown = 200;

/** Curation kept nothing. */
export class EmptyColdStartError extends Error {
  override readonly name = 'EmptyColdStartError';

  constructor() {
    super(
      'Curation kept no trajectory at all, so there is nothing to learn from. Lower “Dense from”, choose another bin, or give the ' +
        'teacher a style that makes such trajectories.',
    );
  }
}
