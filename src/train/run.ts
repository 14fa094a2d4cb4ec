/**
 * The run: the whole ASTER recipe as one stream of work (design, section 2), in one direction, no loops back.
 *
 *     problems -> teacher -> curation -> cold start -> [baseline] -> GRPO stage 1 -> filter -> GRPO stage 2 -> evaluation
 *
 * Invariants. (1) The same settings on the same backend give the same events, tick by tick: nothing here reads a clock or an
 * unseeded number. (2) The caller may stop pulling at any tick and nothing goes on behind its back. (3) An arm is data and settings;
 * there is no branch on arms here.
 */
import type { PolicyEngine } from '../engine/engine.ts';
import { initialiseTensors } from '../policy/initialise.ts';
import { RunContext, type RunDependencies } from './context.ts';
import { evaluate } from './evaluate.ts';
import { grpoStage } from './grpo.ts';
import { curatePool, makeProblems, teach } from './pool.ts';
import { filterPrompts } from './promptFilter.ts';
import { coldStart } from './sft.ts';
import { boundary, within, type Work } from './work.ts';

/** Run the recipe from the first problem to the last benchmark, from freshly drawn weights. */
export async function* runRecipe(dependencies: RunDependencies): Work<void> {
  const context = new RunContext(dependencies);
  const { settings, engine } = context;
  await engine.loadTensors(initialiseTensors(engine.config, context.random.fork('weights')));

  const problems = yield* makeProblems(context);
  const pool = yield* teach(context, problems.coldStart);
  const curated = yield* curatePool(context, pool);
  yield* coldStart(context, curated);
  if (settings.evaluation.afterColdStart) yield* evaluate(context, 'baseline');

  const reference = settings.grpo.klCoefficient > 0 ? await frozenCopy(context) : null;
  try {
    const solved = yield* grpoStage(context, 'stage1', problems.stage1, reference);
    yield within({
      type: 'phase',
      phase: 'filter',
      total: problems.stage1.length,
      unit: 'prompts',
      round: context.round,
    });
    const { prompts, report } = filterPrompts(context, problems.stage1, solved);
    yield boundary(
      { type: 'promptFilter', report },
      { type: 'progress', phase: 'filter', done: problems.stage1.length },
    );
    yield* grpoStage(context, 'stage2', prompts, reference);
  } finally {
    reference?.dispose();
  }
  yield* evaluate(context, 'evaluation');
  yield boundary({ type: 'done' });
}

/** The policy as it is now, on an engine of its own: what the KL penalty measures the distance from. */
async function frozenCopy(context: RunContext): Promise<PolicyEngine> {
  const reference = await context.createReferenceEngine();
  await reference.loadTensors(await context.engine.readTensors());
  return reference;
}
