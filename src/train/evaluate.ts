/**
 * Evaluation: three held-out benchmarks under two inference budgets, mean@k and pass@k (ASTER: avg@16 at temperature 0.6,
 * top-p 0.95, under a shorter and a longer budget).
 *
 * Invariant: held-out questions are disjoint from training questions by construction (tasks/problems.ts), and the same problems
 * and random numbers are used at every evaluation of a run, so before and after can be compared.
 * Deviations: four samples of each problem by default instead of 16, generated problems instead of competition mathematics, and, where
 * it is asked for, a second time at the temperature of the rollouts. Each accuracy comes with its standard error, clustered by
 * problem: k samples of one problem are not k problems.
 */
import { accuracyError, clusteredError, interactionMetrics, mean } from '../metrics/interaction.ts';
import { benchmarkProblems } from '../tasks/problems.ts';
import { reward } from '../tasks/verifier.ts';
import { stageLengths, type RunContext } from './context.ts';
import type { BenchmarkResult, RunEvent, ScoredTrajectory } from './events.ts';
import { evaluationParts, type EvaluationPart } from './evaluationParts.ts';
import { chunks } from './lists.ts';
import { rollOut } from './rollout.ts';
import { boundary, resumable, within, type TickStream } from './ticks.ts';

/** Problems of a benchmark whose samples are kept to be read. */
const problemsShown = 2;

export async function* evaluate(context: RunContext, phase: 'baseline' | 'evaluation'): TickStream<void> {
  const { evaluation } = context.settings;
  const perBenchmark = evaluation.problems * evaluation.samples;
  const parts = evaluationParts(context.settings);
  const total = perBenchmark * parts.length;
  const behind = context.stepsDone(phase);
  if (behind === 0) yield within({ type: 'phase', phase, total, unit: 'trajectories', round: context.round });
  let done = 0;
  let finished = 0;
  for (const part of parts) {
    if (++finished <= behind) {
      done += perBenchmark;
      continue;
    }
    const detail = `${part.benchmark}, ${part.budget} budget`;
    const before = done;
    const firstPrompt = (finished - 1) * problemsShown;
    const { result, shown } = yield* runBenchmark(context, phase, part, firstPrompt, (count) => ({
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

/** One benchmark under one budget: its numbers, and some of its trajectories to be read. */
async function* runBenchmark(
  context: RunContext,
  phase: 'baseline' | 'evaluation',
  { benchmark, budget, temperature, topP }: EvaluationPart,
  firstPrompt: number,
  progress: (finished: number) => RunEvent,
): TickStream<{ result: BenchmarkResult; shown: ScoredTrajectory[] }> {
  const { run, task, stage2, evaluation, sandbox } = context.settings;
  const limits =
    budget === 'short'
      ? { context: evaluation.shortContext, calls: evaluation.shortCalls }
      : { context: evaluation.longContext, calls: evaluation.longCalls };
  const problems = benchmarkProblems(task, stageLengths(stage2), benchmark, run.seed, evaluation.problems);
  // The paper's temperature had these draws before there was another.
  const isPapers = temperature === evaluation.temperature && topP === evaluation.topP;
  const draws = context.random.fork('evaluation', benchmark, budget, ...(isPapers ? [] : ['as trained']));
  const trajectories = yield* rollOut(
    context.engine,
    context.sandbox,
    context.reserveTrajectories(problems.length * evaluation.samples),
    {
      problems: problems.flatMap((problem) => Array.from({ length: evaluation.samples }, () => problem)),
      sampling: { temperature, topP },
      seed: draws.uint32(),
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
  const ofProblems = chunks(scored, evaluation.samples);
  const standardError = accuracyError(ofProblems.map((of) => mean(of.map(({ reward }) => reward))));
  const toolCallsError = clusteredError(ofProblems.map((of) => mean(of.map(({ calls }) => calls.length))));
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
      temperature,
      ...(standardError === null ? {} : { standardError }),
      toolCalls: interaction['tool_use/avg_tool_calls_per_trajectory'],
      ...(toolCallsError === null ? {} : { toolCallsError }),
      truncated: interaction['response_length/clip_ratio'],
      responseLength: interaction['response_length/mean'],
    },
    // Every benchmark and budget is read as prompts of its own.
    shown: scored
      .filter((trajectory) => trajectory.prompt < problemsShown)
      .map((trajectory) => ({ ...trajectory, prompt: firstPrompt + trajectory.prompt })),
  };
}
