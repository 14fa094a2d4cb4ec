/**
 * Cold start: supervised fine-tuning on the curated trajectories (ASTER, "cold-start SFT").
 *
 * Invariant: only what the teacher produced is learned; prompt and tool output have mask 0, so the policy never learns to
 * write its own tool results. Between the steps the policy is sampled now and then, only to be looked at.
 * Deviations from the paper and its reproduction: a scripted expert instead of a language model as teacher; one cosine with
 * warm-up instead of a constant rate, at 4e-3 instead of 3e-5, and more epochs than six, as suits a policy of this size; AdamW's beta2
 * 0.95; batches of whole trajectories drawn without replacement within an epoch, the last partial batch carried into the next epoch.
 */
import type { SftStats } from '../engine/engine.ts';
import { interactionMetrics } from '../metrics/interaction.ts';
import { outcomeMetrics } from '../metrics/outcome.ts';
import type { Trajectory } from '../tasks/trajectory.ts';
import { trainProblem } from '../tasks/problems.ts';
import { stageLengths, type RunContext } from './context.ts';
import { endlessShuffle } from './lists.ts';
import { resultOf, SkippedSteps, type StepResult } from './optimizerSteps.ts';
import { askProbe } from './probe.ts';
import { warmupCosine } from './schedule.ts';
import { boundary, resumable, tokenCount, within, type TickStream } from './ticks.ts';
import { answerOnce } from './unlearned.ts';

/** Prompts that a look at the policy samples. */
const sampleSize = 48;

/** Optimizer steps that the cold start takes on `size` trajectories. */
export function sftSteps(size: number, epochs: number, batchSize: number): number {
  return Math.ceil((size * epochs) / batchSize);
}

/** A step that was asked for. */
interface Asked {
  readonly learningRate: number;
  readonly tokens: number;
  readonly result: Promise<StepResult<SftStats>>;
}

export async function* coldStart(context: RunContext, curated: readonly Trajectory[]): TickStream<void> {
  const { sft } = context.settings;
  const total = sftSteps(curated.length, sft.epochs, sft.batchSize);
  const done = Math.min(total, context.stepsDone('sft'));
  const begins = context.stepsDone('sft') === 0;
  if (begins) {
    yield within({ type: 'phase', phase: 'sft', total, unit: 'steps', round: context.round });
    context.engine.resetOptimizer();
  }
  const next = endlessShuffle(curated, context.random.fork('sft', 'order'));
  const sampleAt = new Set(
    Array.from({ length: sft.probes }, (_, i) => Math.ceil(((i + 1) * total) / sft.probes)),
  );
  for (let drawn = 0; drawn < done * sft.batchSize; drawn++) next();
  if (begins && total === 0) yield within(...(yield* askProbe(context, 'sft', context.round)));
  /** @param known what it reported before the run was interrupted */
  const ask = (step: number, known?: StepResult<SftStats>): Asked => {
    const learningRate = warmupCosine(step - 1, total, sft.learningRate, sft.warmupSteps, sft.finalRatio);
    const sequences = Array.from({ length: sft.batchSize }, next);
    const result =
      known === undefined
        ? resultOf(
            context.engine.step({ kind: 'sft', sequences }, context.optimizer(learningRate, sft.weightDecay)),
          )
        : Promise.resolve(known);
    return { learningRate, tokens: tokenCount(sequences), result };
  };
  const skipped = new SkippedSteps();
  let ahead = done < total ? ask(done + 1, context.stepAhead) : undefined;
  for (let step = done + 1; ahead !== undefined; step++) {
    const { learningRate, tokens, result } = ahead;
    // The next step is asked for before this one's loss is read, so that a graphics card goes from one to the other without waiting
    // for us; but a probe samples the policy as this step leaves it.
    const samples = sampleAt.has(step);
    ahead = step < total && !samples ? ask(step + 1) : undefined;
    const stats = await result;
    skipped.note(stats);
    const tick = boundary(
      {
        type: 'sft',
        step,
        values: {
          ...(stats === null ? {} : { 'train/loss': stats.loss, 'train/grad_norm': stats.gradNorm }),
          'train/lr': learningRate,
          'train/skipped_steps': stats === null ? 1 : 0,
        },
      },
      { type: 'progress', phase: 'sft', done: step },
    );
    const learned = { ...tick, tokens };
    let last = learned;
    if (samples || step === total) {
      yield learned;
      if (samples) yield* sample(context, step);
      last = {
        ...within(...(step === total ? yield* askProbe(context, 'sft', context.round) : [])),
        tokens: 0,
      };
    }
    yield skipped.isOpen ? last : resumable(last, context.checkpointAfter('sft', step, ahead?.result));
    if (samples && step < total) ahead = ask(step + 1);
  }
}

/** Sample the policy under stage 1's conditions, on training problems that stage 1 does not use. Learns nothing. */
async function* sample(context: RunContext, step: number): TickStream<void> {
  const { run, task, stage1 } = context.settings;
  const problems = Array.from({ length: sampleSize }, (_, i) =>
    trainProblem(task, stageLengths(stage1), 'probe', run.seed, i),
  );
  const scored = yield* answerOnce(context, {
    problems,
    firstTrajectory: context.reserveTrajectories(problems.length),
    seed: context.random.fork('probe', step).uint32(),
    contextTokens: stage1.context,
  });
  const values = {
    ...interactionMetrics(scored),
    ...outcomeMetrics(scored),
  };
  yield within(...context.finishRound('sft', step, values, scored));
}
