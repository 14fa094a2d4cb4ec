/**
 * Evaluation: three held-out benchmarks under two inference budgets, mean@k and pass@k (ASTER: avg@16 at temperature 0.6,
 * top-p 0.95, under a shorter and a longer budget).
 *
 * Invariant: held-out questions are disjoint from training questions by construction (tasks/problems.ts), and the same problems
 * and random numbers are used at every evaluation of a run, so before and after can be compared.
 * Deviations: four samples of each problem by default instead of 16, and generated problems instead of competition mathematics. An
 * accuracy on 48 or 64 problems has a standard error of several points.
 */
import { interactionMetrics, mean } from '../metrics/interaction.ts';
import { benchmarkNames, benchmarkProblems, type BenchmarkName } from '../tasks/problems.ts';
import { reward } from '../tasks/verifier.ts';
import { stageLengths, type RunContext } from './context.ts';
import type { BenchmarkResult, RunEvent, ScoredTrajectory } from './events.ts';
import { rollOut } from './rollout.ts';
import { boundary, resumable, within, type TickStream } from './ticks.ts';

/** Problems of a benchmark whose samples are kept to be read. */
const problemsShown = 2;

const budgets = ['short', 'long'] as const;

export async function* evaluate(context: RunContext, phase: 'baseline' | 'evaluation'): TickStream<void> {
  const { evaluation } = context.settings;
  const perBenchmark = evaluation.problems * evaluation.samples;
  const total = perBenchmark * benchmarkNames.length * budgets.length;
  const behind = context.stepsDone(phase);
  if (behind === 0) yield within({ type: 'phase', phase, total, unit: 'trajectories', round: context.round });
  let done = 0;
  let finished = 0;
  for (const budget of budgets) {
    for (const benchmark of benchmarkNames) {
      if (++finished <= behind) {
        done += perBenchmark;
        continue;
      }
      const detail = `${benchmark}, ${budget} budget`;
      const before = done;
      const { result, shown } = yield* runBenchmark(context, phase, benchmark, budget, (count) => ({
        type: 'progress',
        phase,
        done: before + count,
        detail,
      }));
      done += perBenchmark;
      yield resumable(
        boundary(
          { type: 'benchmark', result },
          { type: 'trajectories', phase, round: context.round, trajectories: shown },
          { type: 'progress', phase, done, detail },
        ),
        context.checkpointAfter(phase, finished),
      );
    }
  }
}

/** One benchmark under one budget: its numbers, and some of its trajectories to be read. */
async function* runBenchmark(
  context: RunContext,
  phase: 'baseline' | 'evaluation',
  benchmark: BenchmarkName,
  budget: (typeof budgets)[number],
  progress: (finished: number) => RunEvent,
): TickStream<{ result: BenchmarkResult; shown: ScoredTrajectory[] }> {
  const { run, task, stage2, evaluation, sandbox } = context.settings;
  const limits =
    budget === 'short'
      ? { context: evaluation.shortContext, calls: evaluation.shortCalls }
      : { context: evaluation.longContext, calls: evaluation.longCalls };
  const problems = benchmarkProblems(task, stageLengths(stage2), benchmark, run.seed, evaluation.problems);
  const part = budgets.indexOf(budget) * benchmarkNames.length + benchmarkNames.indexOf(benchmark);
  const firstPrompt = part * problemsShown;
  const trajectories = yield* rollOut(
    context.engine,
    context.sandbox,
    context.reserveTrajectories(problems.length * evaluation.samples),
    {
      problems: problems.flatMap((problem) => Array.from({ length: evaluation.samples }, () => problem)),
      sampling: { temperature: evaluation.temperature, topP: evaluation.topP },
      seed: context.random.fork('evaluation', benchmark, budget).uint32(),
      context: limits.context,
      callBudget: limits.calls,
      maxOutputLength: sandbox.maxOutputLength,
      progress,
    },
  );
  const scored = trajectories.map((trajectory, i) => ({
    ...trajectory,
    reward: reward(trajectory.problem, trajectory.tokens),
    advantage: 0,
    prompt: Math.floor(i / evaluation.samples),
    sample: i % evaluation.samples,
  }));
  const rewards = scored.map((trajectory) => trajectory.reward);
  const solvedOnce = problems.filter((_, prompt) =>
    scored.some((trajectory) => trajectory.prompt === prompt && trajectory.reward === 1),
  );
  const interaction = interactionMetrics(scored);
  return {
    result: {
      phase,
      benchmark,
      budget,
      context: limits.context,
      calls: limits.calls,
      k: evaluation.samples,
      problems: problems.length,
      meanAtK: mean(rewards),
      passAtK: solvedOnce.length / problems.length,
      toolCalls: interaction['tool_use/avg_tool_calls_per_trajectory'],
      truncated: interaction['response_length/clip_ratio'],
      responseLength: interaction['response_length/mean'],
    },
    // Every benchmark and budget is read as prompts of its own.
    shown: scored
      .filter((trajectory) => trajectory.prompt < problemsShown)
      .map((trajectory) => ({ ...trajectory, prompt: firstPrompt + trajectory.prompt })),
  };
}
