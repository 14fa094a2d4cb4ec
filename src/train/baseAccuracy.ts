/**
 * How well a base does in its head: held-out problems by length, and single steps by operation.
 *
 * Sampled at temperature 1, as reinforcement learning will. A step counts as tried where everything before it was right, and as right
 * where it was written as the expert would write it or its call computes it, so a slip is counted once and not its consequences.
 */
import type { PolicyEngine } from '../engine/engine.ts';
import { Random } from '../random/random.ts';
import type { Sandbox } from '../sandbox/sandbox.ts';
import { problemFamily, thoughtTrajectoryTokens } from '../tasks/families.ts';
import { benchmarkProblems } from '../tasks/problems.ts';
import type { Trajectory } from '../tasks/trajectory.ts';
import { responseLengthMax } from '../tasks/transcript.ts';
import { reward } from '../tasks/verifier.ts';
import { decodeTokens, tokenIds } from '../tasks/vocabulary.ts';
import type { Corpus } from './pretrain.ts';
import { rollOut } from './rollout.ts';
import { drain } from './ticks.ts';

export interface Share {
  readonly right: number;
  readonly of: number;
}

export interface BaseAccuracy {
  /** By number of steps: answers, and tool calls a trajectory. */
  readonly byLength: readonly (Share & { readonly length: number; readonly calls: number })[];
  /** By operation (`+`, `//`, ...): steps in the head, in chains of lengths that it has read. */
  readonly byOperation: Readonly<Record<string, Share>>;
}

/** Calls that a trajectory may make here. */
const callBudget = 50;

/**
 * @param lengths numbers of steps to try, those beyond the corpus included
 * @param size problems of each length
 */
export async function baseAccuracy(
  engine: PolicyEngine,
  sandbox: Sandbox,
  corpus: Corpus,
  lengths: readonly number[],
  size: number,
  seed: number,
): Promise<BaseAccuracy> {
  const byLength: (Share & { length: number; calls: number })[] = [];
  const byOperation: Record<string, { right: number; of: number }> = {};
  for (const length of lengths) {
    const problems = benchmarkProblems(corpus.task, { min: length, max: length }, 'inRange', seed, size);
    const trajectories = await drain(
      rollOut(engine, sandbox, 0, {
        problems,
        sampling: { temperature: 1, topP: 1 },
        seed: new Random(seed).fork('accuracy', length).uint32(),
        context: thoughtTrajectoryTokens(corpus.task, length, 2),
        callBudget,
        maxOutputLength: responseLengthMax,
      }),
    );
    const right = trajectories.reduce((sum, { problem, tokens }) => sum + reward(problem, tokens), 0);
    const calls = trajectories.reduce((sum, trajectory) => sum + trajectory.calls.length, 0) / size;
    byLength.push({ length, right, of: size, calls });
    // Beyond the lengths that it has read a base loses its place, which says nothing about its arithmetic.
    if (length <= corpus.lengths.max)
      for (const trajectory of trajectories) countSteps(corpus, trajectory, byOperation);
  }
  return { byLength, byOperation };
}

function countSteps(
  corpus: Corpus,
  { problem, tokens }: Trajectory,
  counts: Record<string, { right: number; of: number }>,
): void {
  const family = problemFamily(corpus.task);
  let rest = decodeTokens(tokens.slice(tokens.indexOf(tokenIds.think) + 1));
  let incoming = problem.start;
  for (const { operation, label } of problem.steps) {
    const step = family.work(incoming, operation, label);
    const byTool = `${label}<tool_call>${step.code}</tool_call><tool_response>${step.value}</tool_response>`;
    const isByTool = rest.startsWith(`${label}<tool_call>`);
    const expected = isByTool ? byTool : label + step.thought;
    const isRight = rest.startsWith(expected);
    if (!isByTool) {
      const operator = operation.replace(/\d+$/, '');
      const count = (counts[operator] ??= { right: 0, of: 0 });
      count.of++;
      if (isRight) count.right++;
    }
    if (!isRight) return;
    rest = rest.slice(expected.length);
    incoming = step.value;
  }
}
