/**
 * Everything that a run reads, made again from its settings: the curated cold start, the prompts of both stages and the held-out
 * problems. It is the run's own code on the run's own forks, so it is the run's own data; no engine is needed and nothing is learned.
 */
import { Random } from '../random/random.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import type { Problem } from '../tasks/problem.ts';
import { benchmarkProblems } from '../tasks/problems.ts';
import type { Trajectory } from '../tasks/trajectory.ts';
import { stageLengths, type SolvedCounts } from './context.ts';
import type { RunEvent, RunTick } from './events.ts';
import { curatePool, makeProblems, teach, type PoolContext } from './pool.ts';
import { filterPrompts } from './promptFilter.ts';
import type { RunSettings } from './settings.ts';
import { drain } from './ticks.ts';

export interface TrainingData {
  readonly curated: readonly Trajectory[];
  readonly stage1: readonly Problem[];
  /** After the filter between the stages; without one where it is not known how stage 1's prompts fared. */
  readonly stage2: readonly Problem[];
  readonly heldOut: readonly Problem[];
}

/**
 * @param solved how stage 1's prompts fared on their last visit (a checkpoint's `position.solved`); empty: none is dropped
 * @param onEvent progress of the three phases
 * @throws EmptyColdStartError
 */
export async function trainingData(
  settings: RunSettings,
  sandbox: Sandbox,
  solved: SolvedCounts,
  onEvent: (event: RunEvent) => void = () => undefined,
): Promise<TrainingData> {
  let trajectories = 0;
  const context: PoolContext = {
    ...{ settings, sandbox, random: new Random(settings.run.seed), round: 0 },
    reserveTrajectories: (count) => (trajectories += count) - count,
  };
  const tell = ({ events }: RunTick) => events.forEach(onEvent);
  const problems = await drain(makeProblems(context), tell);
  const pool = await drain(teach(context, problems.coldStart), tell);
  const curated = await drain(curatePool(context, pool), tell);
  const { run, task, evaluation, stage2 } = settings;
  return {
    curated: settings.sft.epochs === 0 ? [] : curated,
    stage1: problems.stage1,
    stage2: filterPrompts(settings, problems.stage1, solved).prompts,
    heldOut: benchmarkProblems(task, stageLengths(stage2), 'inRange', run.seed, evaluation.problems),
  };
}
