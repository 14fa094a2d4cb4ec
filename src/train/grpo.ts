/**
 * GRPO with an outcome reward: ASTER's reinforcement learning, in two stages.
 *
 * One step: `promptsPerStep` prompts, G samples each at temperature 1, tools really run; reward 1 for a right answer, else 0 (a
 * trajectory cut by the context or the call budget has no answer and earns nothing); advantages normalised in the group; the
 * clipped token-mean objective, clip 0.2 / 0.28, dual clip 10, TIS cap 2, no KL, no entropy bonus; an optimizer step for each
 * mini-batch of prompts.
 * Invariant: prompt and tool output never enter the loss; the mask is the sampler's. The old log-probabilities are the trainer's own,
 * at the sampling temperature, taken before the first mini-batch.
 *
 * Deviations of the reinforcement learning from the paper (arXiv 2602.01204) and its public reproduction, all that are known. The cold
 * start's are in sft.ts, the evaluation's in evaluate.ts.
 *  1. The policy is a small Qwen3-style decoder trained here from scratch, the tasks are generated arithmetic, and the reward is an
 *     exact match of the text after `</think>` instead of `\boxed{}`.
 *  2. One pass over each rollout batch in two mini-batches, as there, but of 64 prompts instead of 128 (presets: 4 to 64).
 *  3. Learning rate 3e-4 or 5e-4 (presets), with a short warm-up in each stage, instead of 1e-6, as suits a policy of this size; on
 *     `nano` that is above the 3e-4 at which its cold start ends. A stage's rate may fall to `finalRatio` of it. AdamW's beta2 is 0.95 instead of verl's 0.999, its weight decay 0
 *     instead of 0.01, and its moments begin anew in each stage.
 *  4. The loss is the mean over all learned tokens of a mini-batch, as the paper writes it; the reproduction takes that mean in each
 *     micro-batch and then the mean of these, in which tokens of micro-batches with fewer tokens count for more.
 *  5. A step whose loss or gradient is not finite is left out and counted, as in verl; three in a row end the run (optimizerSteps.ts),
 *     where verl goes on.
 *  6. A stage is a number of steps over a finite pool of prompts, drawn without replacement within an epoch, not a number
 *     of epochs.
 *  7. "Always correct" is judged on a prompt's last visit (all G samples right), not on the mean of an epoch; prompts that were
 *     never visited stay. A share of stage 2's prompts is longer than stage 1's, as the lab's longer context is meant for them, and
 *     dropped prompts are replaced (promptFilter.ts); there the pool only shrinks.
 *  8. The 51st call is refused and ends the trajectory; the reproduction lets the policy write one more turn.
 *  9. A call is one token, its code is plain text and not JSON, and may have at most 24 characters, so that no single call
 *     does the whole problem. A cell has 250 ms instead of 30 s.
 * 10. The policy reads `E` for every call that fails, whatever went wrong, and at most 8 characters of output (settings); there it
 *     reads the error's text, and output is not cut. The log keeps the message.
 * 11. Two settings, off by default, are other papers' remedies for collapse, to compare with: a bonus for a trajectory with at least
 *     one call (shaping), and SimpleTIR's void-turn filter, which masks a whole trajectory with a void turn (tasks/turns.ts).
 */
import type { GrpoSequence, GrpoStats, SequenceLogProbs, WeightSnapshot } from '../engine/engine.ts';
import { interactionMetrics, mean } from '../metrics/interaction.ts';
import { outcomeMetrics } from '../metrics/outcome.ts';
import type { MetricValues } from '../metrics/registry.ts';
import { reward } from '../tasks/verifier.ts';
import type { Problem } from '../tasks/problem.ts';
import type { Trajectory } from '../tasks/trajectory.ts';
import { endsInVoidTurn } from '../tasks/turns.ts';
import { groupAdvantages, isDeadGroup } from './advantages.ts';
import type { RunContext } from './context.ts';
import type { ScoredTrajectory, TrajectoryUpdate } from './events.ts';
import { inspected } from './inspected.ts';
import type { RunSettings } from './settings.ts';
import { chunks, endlessShuffle, evenChunks, itemAt } from './lists.ts';
import { resultOf, SkippedSteps } from './optimizerSteps.ts';
import { askProbe } from './probe.ts';
import { rollOut } from './rollout.ts';
import { warmupCosine } from './schedule.ts';
import { boundary, resumable, tokenCount, within, type TickStream } from './ticks.ts';

/** Run one stage on `prompts`. Stage 1 notes in the context how each prompt fared on its last visit. */
export async function* grpoStage(
  context: RunContext,
  phase: 'stage1' | 'stage2',
  prompts: readonly Problem[],
  reference: WeightSnapshot | null,
): TickStream<void> {
  const { grpo } = context.settings;
  const { steps, finalRatio } = context.settings[phase];
  const done = Math.min(steps, context.stepsDone(phase));
  if (context.stepsDone(phase) === 0) {
    yield within({ type: 'phase', phase, total: steps, unit: 'steps', round: context.round });
    context.engine.resetOptimizer();
  }
  const nextPrompt = endlessShuffle(prompts, context.random.fork(phase, 'prompts'));
  for (let drawn = 0; drawn < done * grpo.promptsPerStep; drawn++) nextPrompt();
  const skipped = new SkippedSteps();
  for (let step = done + 1; step <= steps; step++) {
    const groups = Array.from({ length: grpo.promptsPerStep }, nextPrompt);
    const trajectories = yield* sampleGroups(context, phase, step, groups);
    const scored = score(trajectories, grpo);
    for (const [prompt, group] of chunks(scored, grpo.groupSize).entries()) {
      const problem = groups[prompt];
      if (problem !== undefined && phase === 'stage1')
        context.solved.set(problem.id, group.filter((trajectory) => trajectory.reward === 1).length);
    }
    const learningRate = warmupCosine(step - 1, steps, grpo.learningRate, grpo.warmupSteps, finalRatio);
    const { metrics: learned, trajectories: learnedFrom } = yield* learn(
      context,
      scored,
      learningRate,
      reference,
      skipped,
    );
    const probed = yield* askProbe(context, phase, context.round + 1);
    const groupRewards = chunks(scored, grpo.groupSize).map((group) =>
      group.map((trajectory) => shapedReward(trajectory, grpo.callBonus)),
    );
    const values = {
      ...interactionMetrics(scored),
      ...outcomeMetrics(scored),
      frac_reward_zero_std: groupRewards.filter(isDeadGroup).length / groupRewards.length,
      ...learned,
    };
    const finished = context.finishRound(phase, step, values, learnedFrom);
    const tick = boundary(...finished, ...probed, { type: 'progress', phase, done: step });
    yield skipped.isOpen ? tick : resumable(tick, context.checkpointAfter(phase, step));
  }
}

function sampleGroups(
  context: RunContext,
  phase: 'stage1' | 'stage2',
  step: number,
  groups: readonly Problem[],
): TickStream<Trajectory[]> {
  const { grpo, sandbox } = context.settings;
  const problems = groups.flatMap((problem) => new Array<Problem>(grpo.groupSize).fill(problem));
  return rollOut(context.engine, context.sandbox, context.reserveTrajectories(problems.length), {
    problems,
    sampling: { temperature: grpo.temperature, topP: 1 },
    seed: context.random.fork(phase, 'rollout', step).uint32(),
    context: context.settings[phase].context,
    callBudget: grpo.callBudget,
    maxOutputLength: sandbox.maxOutputLength,
  });
}

/** Rewards and group-normalised advantages; trajectories stand group by group. */
export function score(
  trajectories: readonly Trajectory[],
  {
    groupSize,
    normaliseByStd,
    callBonus,
  }: Pick<RunSettings['grpo'], 'groupSize' | 'normaliseByStd' | 'callBonus'>,
): ScoredTrajectory[] {
  return chunks(trajectories, groupSize).flatMap((group, prompt) => {
    const rewarded = group.map((trajectory) => ({
      ...trajectory,
      reward: reward(trajectory.problem, trajectory.tokens),
    }));
    const shaped = rewarded.map((trajectory) => shapedReward(trajectory, callBonus));
    const advantages = groupAdvantages(shaped, normaliseByStd);
    return rewarded.map((trajectory, sample) => ({
      ...trajectory,
      advantage: advantages[sample]!,
      prompt,
      sample,
    }));
  });
}

/** What the advantage is taken from: the outcome, and the bonus for having called at all. */
function shapedReward(
  { reward, calls }: Pick<ScoredTrajectory, 'reward' | 'calls'>,
  callBonus: number,
): number {
  return reward + (calls.length > 0 ? callBonus : 0);
}

interface Learned {
  readonly metrics: MetricValues;
  /** The same trajectories; those that are kept to be read know what the updates made of them. */
  readonly trajectories: readonly ScoredTrajectory[];
}

/** The optimizer steps on one rollout batch. */
async function* learn(
  context: RunContext,
  scored: readonly ScoredTrajectory[],
  learningRate: number,
  reference: WeightSnapshot | null,
  skipped: SkippedSteps,
): TickStream<Learned> {
  const { grpo } = context.settings;
  const old = await context.engine.logProbs(scored, grpo.temperature);
  yield within();
  const referenceLogProbs =
    reference === null ? null : await context.engine.logProbs(scored, grpo.temperature, reference);
  const rows = scored.map((trajectory, i) => ({
    sequence: {
      tokens: trajectory.tokens,
      lossMask:
        grpo.voidTurnFilter && endsInVoidTurn(trajectory)
          ? new Uint8Array(trajectory.lossMask.length)
          : trajectory.lossMask,
      advantage: trajectory.advantage,
      oldLogProbs: itemAt(old, i).logProbs,
      samplerLogProbs: trajectory.logProbs,
    } satisfies GrpoSequence,
    reference: referenceLogProbs === null ? null : itemAt(referenceLogProbs, i).logProbs,
  }));
  const all: GrpoStats[] = [];
  let skippedSteps = 0;
  const losses = new Map<GrpoSequence, BatchLossSize>();
  // Split by prompts, so that a group is never torn apart.
  for (const groups of evenChunks(chunks(rows, grpo.groupSize), grpo.miniBatches)) {
    const batch = groups.flat();
    // The void-turn filter may leave nothing of a mini-batch; then there is nothing to learn from it.
    if (!batch.some(({ sequence }) => sequence.lossMask.includes(1))) continue;
    const size = lossSize(batch.map(({ sequence }) => sequence));
    const step = context.engine.step(
      {
        kind: 'grpo',
        sequences: batch.map((row) => row.sequence),
        objective: grpo,
        ...(reference === null
          ? {}
          : {
              referenceLogProbs: batch.map(
                (row) => row.reference ?? new Float32Array(row.sequence.tokens.length),
              ),
            }),
      },
      context.optimizer(learningRate, grpo.weightDecay),
    );
    const stats = await resultOf(step);
    skipped.note(stats);
    if (stats === null) skippedSteps++;
    else {
      all.push(stats);
      for (const { sequence } of batch) losses.set(sequence, size);
    }
    yield { ...within(), tokens: tokenCount(batch.map((row) => row.sequence)) };
  }
  const metrics = {
    ...(all.length > 0 ? objectiveMetrics(all) : {}),
    ...mismatchMetrics(scored, old),
    ...(reference === null || all.length === 0
      ? {}
      : { 'actor/kl_loss': weightedMean(all, (stats) => stats.klToReference) }),
    'actor/lr': learningRate,
    'actor/skipped_steps': skippedSteps,
  };
  const sequenceOf = new Map(scored.map((trajectory, i) => [trajectory, itemAt(rows, i).sequence]));
  const trajectories = yield* afterUpdates(context, scored, (trajectory) => {
    const sequence = sequenceOf.get(trajectory);
    const size = sequence === undefined ? undefined : losses.get(sequence);
    return sequence === undefined || size === undefined || !sequence.lossMask.includes(1) ? noLoss : size;
  });
  return { metrics, trajectories };
}

/** What the loss of a mini-batch is a mean over. */
type BatchLossSize = Pick<TrajectoryUpdate, 'lossTokens' | 'lossWeight'>;
const noLoss: BatchLossSize = { lossTokens: 0, lossWeight: 0 };

function lossSize(sequences: readonly GrpoSequence[]): BatchLossSize {
  let [lossTokens, lossWeight] = [0, 0];
  for (const { lossMask, advantage } of sequences) {
    const learned = lossMask.reduce((sum, mask) => sum + mask, 0);
    lossTokens += learned;
    lossWeight += learned * Math.abs(advantage);
  }
  return { lossTokens, lossWeight };
}

/** One forward pass on the few that are kept to be read: how likely the policy finds now what it sampled then. */
async function* afterUpdates(
  context: RunContext,
  scored: readonly ScoredTrajectory[],
  sizeOf: (trajectory: ScoredTrajectory) => BatchLossSize,
): TickStream<readonly ScoredTrajectory[]> {
  const read = inspected(scored);
  const now = await context.engine.logProbs(read, context.settings.grpo.temperature);
  yield within();
  const updates = new Map(
    read.map((trajectory, i) => {
      const { lossMask } = trajectory;
      const logProbsNow = itemAt(now, i).logProbs.map((value, t) => (lossMask[t] === 1 ? value : 0));
      return [trajectory, { logProbsNow, ...sizeOf(trajectory) }];
    }),
  );
  return scored.map((trajectory) => {
    const update = updates.get(trajectory);
    return update === undefined ? trajectory : { ...trajectory, update };
  });
}

/** Means over mini-batches, weighted by their tokens. */
function objectiveMetrics(all: readonly GrpoStats[]): MetricValues {
  const average = (read: (stats: GrpoStats) => number) => weightedMean(all, read);
  return {
    'actor/pg_loss': average((stats) => stats.loss),
    'actor/entropy': average((stats) => stats.entropy),
    'actor/pg_clipfrac': average((stats) => stats.clipLowFraction + stats.clipHighFraction),
    'clip_ratio/low_mean': average((stats) => stats.clipLowFraction),
    'clip_ratio/high_mean': average((stats) => stats.clipHighFraction),
    'actor/pg_clipfrac_lower': average((stats) => stats.dualClipFraction),
    'actor/grad_norm': mean(all.map((stats) => stats.gradNorm)),
  };
}

function weightedMean(all: readonly GrpoStats[], read: (stats: GrpoStats) => number): number {
  const tokens = all.reduce((sum, stats) => sum + stats.tokens, 0);
  return all.reduce((sum, stats) => sum + read(stats) * stats.tokens, 0) / Math.max(1, tokens);
}

/** How far sampler and trainer disagree on the probability of the tokens that were sampled. */
function mismatchMetrics(
  scored: readonly ScoredTrajectory[],
  old: readonly SequenceLogProbs[],
): MetricValues {
  let sum = 0;
  let largest = 0;
  let tokens = 0;
  for (const [i, { lossMask, logProbs }] of scored.entries()) {
    const trainer = itemAt(old, i).logProbs;
    for (let t = 0; t < lossMask.length; t++) {
      if (lossMask[t] !== 1) continue;
      const difference = Math.abs(Math.exp(trainer[t]!) - Math.exp(logProbs[t]!));
      sum += difference;
      largest = Math.max(largest, difference);
      tokens++;
    }
  }
  return { rollout_probs_diff_mean: sum / Math.max(1, tokens), rollout_probs_diff_max: largest };
}
