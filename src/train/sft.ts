/**
 * Cold start: supervised fine-tuning on the curated trajectories (ASTER, "cold-start SFT").
 *
 * Invariant: only what the teacher produced is learned; prompt and tool output have mask 0, so the policy never learns to
 * write its own tool results. Between the steps the policy is sampled now and then, only to be looked at.
 * Deviations from the paper and its reproduction: a scripted expert instead of a language model as teacher; one cosine with
 * warm-up instead of a constant rate, at 4e-3 instead of 3e-5, and more epochs than six, as suits a policy of this size; AdamW's beta2
 * 0.95; batches of whole trajectories drawn without replacement within an epoch, the last partial batch carried into the next epoch.
 */
import { interactionMetrics, mean } from '../metrics/interaction.ts';
import type { Trajectory } from '../tasks/trajectory.ts';
import { trainProblem } from '../tasks/problems.ts';
import { reward } from '../tasks/verifier.ts';
import { stageLengths, type RunContext } from './context.ts';
import { endlessShuffle } from './lists.ts';
import { askProbe } from './probe.ts';
import { rollOut } from './rollout.ts';
import { warmupCosine } from './schedule.ts';
import { boundary, resumable, tokenCount, within, type TickStream } from './ticks.ts';

/** Prompts that a look at the policy samples. */
const sampleSize = 48;

/** Optimizer steps that the cold start takes on `size` trajectories. */
export function sftSteps(size: number, epochs: number, batchSize: number): number {
  return Math.ceil((size * epochs) / batchSize);
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
  for (let step = done + 1; step <= total; step++) {
    const learningRate = warmupCosine(step - 1, total, sft.learningRate, sft.warmupSteps, sft.finalRatio);
    const sequences = Array.from({ length: sft.batchSize }, next);
    const stats = await context.engine.step(
      { kind: 'sft', sequences },
      context.optimizer(learningRate, sft.weightDecay),
    );
    const tick = boundary(
      {
        type: 'sft',
        step,
        values: { 'train/loss': stats.loss, 'train/grad_norm': stats.gradNorm, 'train/lr': learningRate },
      },
      { type: 'progress', phase: 'sft', done: step },
    );
    const learned = { ...tick, tokens: tokenCount(sequences) };
    if (!sampleAt.has(step) && step < total) {
      yield resumable(learned, context.checkpointAfter('sft', step));
      continue;
    }
    yield learned;
    if (sampleAt.has(step)) yield* sample(context, step);
    const asked = step === total ? yield* askProbe(context, 'sft', context.round) : [];
    yield resumable(within(...asked), context.checkpointAfter('sft', step));
  }
}

/** Sample the policy under stage 1's conditions, on training problems that stage 1 does not use. Learns nothing. */
async function* sample(context: RunContext, step: number): TickStream<void> {
  const { run, task, stage1, grpo, sandbox } = context.settings;
  const problems = Array.from({ length: sampleSize }, (_, i) =>
    trainProblem(task, stageLengths(stage1), 'probe', run.seed, i),
  );
  const trajectories = yield* rollOut(
    context.engine,
    context.sandbox,
    context.reserveTrajectories(problems.length),
    {
      problems,
      sampling: { temperature: grpo.temperature, topP: 1 },
      seed: context.random.fork('probe', step).uint32(),
      context: stage1.context,
      callBudget: grpo.callBudget,
      maxOutputLength: sandbox.maxOutputLength,
    },
  );
  const scored = trajectories.map((trajectory, prompt) => ({
    ...trajectory,
    reward: reward(trajectory.problem, trajectory.tokens),
    advantage: 0,
    prompt,
    sample: 0,
  }));
  const values = {
    ...interactionMetrics(scored),
    'critic/score/mean': mean(scored.map((trajectory) => trajectory.reward)),
  };
  yield within(...context.finishRound('sft', step, values, scored));
}
