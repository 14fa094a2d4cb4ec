/**
 * Cold start: supervised fine-tuning on the curated trajectories (ASTER, "cold-start SFT").
 *
 * Invariant: only what the teacher produced is learned; prompt and tool output have mask 0, so the policy never learns to
 * write its own tool results. Between the steps the policy is sampled now and then (a probe), only to be looked at.
 * Deviations from the paper and its reproduction: a scripted expert instead of a language model as teacher; one cosine with
 * warm-up instead of a constant rate, at 4e-3 instead of 3e-5, and more epochs than six, as suits a policy of this size; AdamW's beta2
 * 0.95; batches of whole trajectories drawn without replacement within an epoch, the last partial batch carried into the next epoch.
 */
import { interactionMetrics } from '../metrics/interaction.ts';
import { outcomeMetrics } from '../metrics/outcome.ts';
import type { Trajectory } from '../tasks/trajectory.ts';
import { trainProblem } from '../tasks/problems.ts';
import { reward } from '../tasks/verifier.ts';
import { stageLengths, type RunContext } from './context.ts';
import { endlessShuffle } from './lists.ts';
import { rollOut } from './rollout.ts';
import { warmupCosine } from './schedule.ts';
import { boundary, resumable, tokenCount, within, type TickStream } from './ticks.ts';

/** Prompts in a probe. */
const probeSize = 48;

/** Optimizer steps that the cold start takes on `size` trajectories. */
export function sftSteps(size: number, epochs: number, batchSize: number): number {
  return Math.ceil((size * epochs) / batchSize);
}

export async function* coldStart(context: RunContext, curated: readonly Trajectory[]): TickStream<void> {
  const { sft } = context.settings;
  const total = sftSteps(curated.length, sft.epochs, sft.batchSize);
  const done = Math.min(total, context.stepsDone('sft'));
  if (done === 0) {
    yield within({ type: 'phase', phase: 'sft', total, unit: 'steps', round: context.round });
    context.engine.resetOptimizer();
  }
  const next = endlessShuffle(curated, context.random.fork('sft', 'order'));
  const probeAt = new Set(
    Array.from({ length: sft.probes }, (_, i) => Math.ceil(((i + 1) * total) / sft.probes)),
  );
  for (let drawn = 0; drawn < done * sft.batchSize; drawn++) next();
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
    if (probeAt.has(step)) {
      yield learned;
      yield* probe(context, step);
      yield resumable(within(), context.checkpointAfter('sft', step));
    } else {
      yield resumable(learned, context.checkpointAfter('sft', step));
    }
  }
}

/** Sample the policy under stage 1's conditions, on training problems that stage 1 does not use. Learns nothing. */
async function* probe(context: RunContext, step: number): TickStream<void> {
  const { run, task, stage1, grpo, sandbox } = context.settings;
  const problems = Array.from({ length: probeSize }, (_, i) =>
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
    ...outcomeMetrics(scored),
  };
  yield within(...context.finishRound('sft', step, values, scored));
}
