/**
 * The run: the whole ASTER recipe as one stream of ticks, in one direction, no loops back.
 *
 *     problems -> teacher -> curation -> cold start -> [baseline] -> GRPO stage 1 -> filter -> GRPO stage 2 -> evaluation
 *
 * Invariants. (1) The same settings on the same backend give the same events, tick by tick: nothing here reads a clock or an
 * unseeded number. (2) The caller may stop pulling at any tick and nothing goes on behind its back. (3) An arm is data and settings;
 * there is no branch on arms here. (4) A run that goes on from a checkpoint is, from there, the run that never stopped
 * (train/checkpoint.ts): what its settings determine is made again in silence, the rest is taken from the checkpoint.
 */
import type { WeightSnapshot } from '../engine/engine.ts';
import { initialiseTensors } from '../policy/initialise.ts';
import type { Problem } from '../tasks/problem.ts';
import type { Trajectory } from '../tasks/trajectory.ts';
import { RunContext, type RunDependencies } from './context.ts';
import { evaluate } from './evaluate.ts';
import { grpoStage } from './grpo.ts';
import { curatePool, makeProblems, teach } from './pool.ts';
import { filterPrompts } from './promptFilter.ts';
import { coldStart } from './sft.ts';
import { boundary, silently, within, type TickStream } from './ticks.ts';

/** Run the recipe from the first problem to the last benchmark, or on from a checkpoint. */
export async function* runRecipe(dependencies: RunDependencies): TickStream<void> {
  const context = new RunContext(dependencies);
  const { settings, engine } = context;
  const { from, initialTensors } = dependencies;
  await engine.loadTensors(
    from?.tensors ?? initialTensors ?? initialiseTensors(engine.config, context.random.fork('weights')),
  );
  if (from !== undefined) await engine.loadOptimizer(from.optimizer);

  const prepared = prepare(context);
  const { curated, stage1Prompts } = yield* from === undefined ? prepared : silently(prepared);
  context.restoreCounters();
  yield* coldStart(context, curated);
  if (settings.evaluation.afterColdStart) yield* evaluate(context, 'baseline');

  const reference = settings.grpo.klCoefficient > 0 ? await klReference(context) : null;
  try {
    yield* grpoStage(context, 'stage1', stage1Prompts, reference);
    const filtered = filter(context, stage1Prompts);
    const stage2Prompts = yield* context.stepsDone('stage2') > 0 ? silently(filtered) : filtered;
    yield* grpoStage(context, 'stage2', stage2Prompts, reference);
  } finally {
    reference?.dispose();
  }
  yield* evaluate(context, 'evaluation');
  yield boundary({ type: 'done' });
}

/** Everything before the first optimizer step; the settings alone determine it. */
async function* prepare(
  context: RunContext,
): TickStream<{ readonly curated: readonly Trajectory[]; readonly stage1Prompts: readonly Problem[] }> {
  const problems = yield* makeProblems(context);
  const pool = yield* teach(context, problems.coldStart);
  return { curated: yield* curatePool(context, pool), stage1Prompts: problems.stage1 };
}

async function* filter(context: RunContext, candidates: readonly Problem[]): TickStream<readonly Problem[]> {
  yield within({
    type: 'phase',
    phase: 'filter',
    total: candidates.length,
    unit: 'prompts',
    round: context.round,
  });
  const { prompts, report } = filterPrompts(context.settings, candidates, context.solved);
  yield boundary(
    { type: 'promptFilter', report },
    { type: 'progress', phase: 'filter', done: candidates.length },
  );
  return prompts;
}

/** The policy as the cold start left it: what the KL penalty measures the distance from. A checkpoint brings it along. */
async function klReference(context: RunContext): Promise<WeightSnapshot> {
  context.referenceTensors ??= await context.engine.readTensors();
  return context.engine.snapshot(context.referenceTensors);
}
