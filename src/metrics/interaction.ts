/**
 * Interaction density and its kin, counted over a batch of trajectories (ASTER's `tool_use_info`, verl's lengths).
 *
 * Invariant: calls are the sandbox's log of what really ran; shares of calls are over calls, shares of trajectories over
 * trajectories; a share of nothing is not reported (rather than reported as 0).
 */
import type { ExecutionKind } from '../sandbox/sandbox.ts';
import { executionKinds } from '../sandbox/sandbox.ts';
import { postHocCalls } from '../tasks/calls.ts';
import type { Trajectory } from '../tasks/trajectory.ts';
import { endsInVoidTurn } from '../tasks/turns.ts';
import type { MetricName, MetricValues } from './registry.ts';

const executionMetric: Record<ExecutionKind, MetricName> = {
  ok: 'tool_use/execution_success_ratio',
  error: 'tool_use/execution_error_ratio',
  timeout: 'tool_use/execution_timeout_ratio',
  memory: 'tool_use/execution_memory_ratio',
  format: 'tool_use/execution_format_ratio',
};

/** Trajectories by their number of calls: counts[calls] = trajectories. */
export function callHistogram(trajectories: readonly Pick<Trajectory, 'calls'>[]): number[] {
  const most = trajectories.reduce((most, { calls }) => Math.max(most, calls.length), 0);
  const counts = new Array<number>(most + 1).fill(0);
  for (const { calls } of trajectories) counts[calls.length]!++; // made long enough above
  return counts;
}

/** Tokens after the prompt, tool output included. The prompt ends where the first sampled token stands. */
export function responseLength({ tokens, lossMask }: Pick<Trajectory, 'tokens' | 'lossMask'>): number {
  const first = lossMask.indexOf(1);
  return first < 0 ? 0 : tokens.length - first;
}

/** What every batch has; the shares of calls are there only where there were calls. */
export type InteractionMetrics = MetricValues & {
  readonly [
    Name in 'tool_use/avg_tool_calls_per_trajectory' | 'response_length/mean' | 'response_length/clip_ratio'
  ]: number;
};

/** Everything that can be counted on a batch of at least one trajectory. */
export function interactionMetrics(trajectories: readonly Trajectory[]): InteractionMetrics {
  const share = (test: (trajectory: Trajectory) => boolean) =>
    trajectories.filter(test).length / trajectories.length;
  const counts = trajectories.map(({ calls }) => calls.length).sort((a, b) => a - b);
  return {
    'tool_use/avg_tool_calls_per_trajectory': mean(counts),
    ...stepShares(trajectories),
    'tool_use/p25': quantile(counts, 0.25),
    'tool_use/p50': quantile(counts, 0.5),
    'tool_use/p75': quantile(counts, 0.75),
    'tool_use/p90': quantile(counts, 0.9),
    'tool_use/tool_use_ratio': share(({ calls }) => calls.length > 0),
    'tool_use/at_most_2_ratio': share(({ calls }) => calls.length <= 2),
    'tool_use/void_turn_ratio': share(endsInVoidTurn),
    'tool_use/hit_budget_ratio': share(({ stop }) => stop === 'budget'),
    'response_length/mean': mean(trajectories.map(responseLength)),
    'response_length/clip_ratio': share(({ stop }) => stop === 'context'),
    ...callShares(trajectories),
    ...statesLost(trajectories),
  };
}

/** Whether something that a call had left in Python was gone at a later one. */
export function hasLostState({ calls }: Pick<Trajectory, 'calls'>): boolean {
  return calls.some(({ result }) => result.stateLost === true);
}

/** Nothing where none was lost, which is nearly always. */
function statesLost(trajectories: readonly Trajectory[]): MetricValues {
  const lost = trajectories.filter(hasLostState).length;
  return lost === 0 ? {} : { 'tool_use/states_lost': lost };
}

/** Calls against the steps that the problems need; nothing where they need none. */
function stepShares(trajectories: readonly Trajectory[]): MetricValues {
  const steps = trajectories.reduce((sum, { problem }) => sum + problem.steps.length, 0);
  if (steps === 0) return {};
  const calls = trajectories.reduce((sum, trajectory) => sum + trajectory.calls.length, 0);
  return {
    'tool_use/calls_per_required_step': calls / steps,
    'problem/required_steps': steps / trajectories.length,
  };
}

/** Shares of the calls: how they ended, and how many were post-hoc; nothing where there is no call. */
function callShares(trajectories: readonly Trajectory[]): MetricValues {
  const calls = trajectories.flatMap((trajectory) => trajectory.calls);
  if (calls.length === 0) return {};
  const values: MetricValues = {};
  for (const kind of executionKinds) {
    values[executionMetric[kind]] = calls.filter(({ result }) => result.kind === kind).length / calls.length;
  }
  values['tool_use/post_hoc_ratio'] =
    trajectories.flatMap(postHocCalls).filter(Boolean).length / calls.length;
  return values;
}

/**
 * A mean's standard error over independent clusters (here: problems, each with k samples that are alike), from the clusters' means;
 * null for fewer than two.
 */
export function clusteredError(clusterMeans: readonly number[]): number | null {
  const n = clusterMeans.length;
  if (n < 2) return null;
  const centre = mean(clusterMeans);
  const squares = clusterMeans.reduce((sum, value) => sum + (value - centre) ** 2, 0);
  return Math.sqrt(squares / (n - 1) / n);
}

/**
 * The standard error of a share over n independent draws. Where all of them went the same way the usual one is 0, as if a handful could make
 * certain; there two of either kind are added (Agresti and Coull, 1998): 0 of 6 is 0 ± 13%.
 */
export function shareError(share: number, n: number): number {
  if (share > 0 && share < 1) return Math.sqrt((share * (1 - share)) / n);
  const shrunk = (share * n + 2) / (n + 4);
  return Math.sqrt((shrunk * (1 - shrunk)) / (n + 4));
}

/** The standard error of the share of right answers, from each problem's own share; null for fewer than two problems. */
export function accuracyError(problemShares: readonly number[]): number | null {
  const share = mean(problemShares);
  return problemShares.length > 1 && (share === 0 || share === 1)
    ? shareError(share, problemShares.length)
    : clusteredError(problemShares);
}

export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** Linear interpolation between order statistics (numpy's default). @param sorted ascending, not empty; @param share 0..1 */
export function quantile(sorted: readonly number[], share: number): number {
  const position = share * (sorted.length - 1);
  const low = Math.floor(position);
  const below = sorted[low]!;
  const above = sorted[Math.min(low + 1, sorted.length - 1)]!;
  return below + (position - low) * (above - below);
}
