/**
 * The metric registry: every number the lab reports, defined once.
 *
 * Names are the field's (verl, TRL, the ASTER reproduction's `tool_use_info`). Interaction density is plotted as tool
 * *calls* per trajectory, never as turns: verl counts user and assistant turns together, which hides a collapse to zero.
 */
import type { BenchmarkName } from '../tasks/problems.ts';

export interface MetricDefinition {
  readonly label: string;
  readonly unit: string;
  /** One sentence for people. */
  readonly help: string;
  /** Which way is better; `neither` where it depends. */
  readonly better: 'higher' | 'lower' | 'neither';
}

const define = (
  label: string,
  unit: string,
  better: MetricDefinition['better'],
  help: string,
): MetricDefinition => ({
  label,
  unit,
  help,
  better,
});

export const metrics = {
  'train/loss': define(
    'Cold-start loss',
    'nats',
    'lower',
    'Cross-entropy per token the teacher produced; copying is learned when it drops suddenly.',
  ),
  'train/grad_norm': define(
    'Cold-start gradient norm',
    '',
    'neither',
    'Global gradient norm before clipping.',
  ),
  'train/lr': define(
    'Cold-start learning rate',
    '',
    'neither',
    'Learning rate of the cold-start step, after warm-up and cosine.',
  ),
  'train/skipped_steps': define(
    'Cold-start steps skipped',
    'steps',
    'lower',
    'Optimizer steps that were left out because their loss or gradient was not a finite number; several in a row end the run.',
  ),

  'tool_use/avg_tool_calls_per_trajectory': define(
    'Tool calls per trajectory',
    'calls',
    'neither',
    'Interaction density: how often the policy really called Python in one trajectory, on average.',
  ),
  'tool_use/calls_per_required_step': define(
    'Calls per required step',
    'calls',
    'neither',
    'Tool calls divided by the steps that the problems need: 1 is a call for every step. Longer problems alone do not raise it.',
  ),
  'problem/required_steps': define(
    'Required steps',
    'steps',
    'neither',
    'Steps that the problems of the round need, on average; calls rise with it where the tool carries the steps.',
  ),
  'tool_use/p25': define(
    '25th percentile of calls',
    'calls',
    'neither',
    'A quarter of the trajectories make at most this many calls.',
  ),
  'tool_use/p50': define(
    'Median of calls',
    'calls',
    'neither',
    'Half of the trajectories make at most this many calls.',
  ),
  'tool_use/p75': define(
    '75th percentile of calls',
    'calls',
    'neither',
    'Three quarters of the trajectories make at most this many calls.',
  ),
  'tool_use/p90': define(
    '90th percentile of calls',
    'calls',
    'neither',
    'Nine in ten trajectories make at most this many calls.',
  ),
  'tool_use/tool_use_ratio': define(
    'Tool-use ratio',
    'share',
    'neither',
    'Share of trajectories with at least one call.',
  ),
  'tool_use/at_most_2_ratio': define(
    'At most two calls',
    'share',
    'neither',
    'Share of trajectories with two calls or fewer, the mark of a collapsed policy.',
  ),
  'tool_use/execution_success_ratio': define(
    'Calls that succeeded',
    'share',
    'higher',
    'Share of calls whose code ran to its end.',
  ),
  'tool_use/execution_error_ratio': define(
    'Calls that raised',
    'share',
    'lower',
    'Share of calls in which Python raised an error.',
  ),
  'tool_use/execution_timeout_ratio': define(
    'Calls that timed out',
    'share',
    'lower',
    'Share of calls stopped at their deadline.',
  ),
  'tool_use/execution_memory_ratio': define(
    'Calls out of memory',
    'share',
    'lower',
    'Share of calls stopped for asking too much memory.',
  ),
  'tool_use/execution_format_ratio': define(
    'Malformed calls',
    'share',
    'lower',
    'Share of calls that were refused before running: empty, too long, or not closed properly.',
  ),
  'tool_use/states_lost': define(
    'Python states lost',
    'trajectories',
    'lower',
    'Trajectories whose Python forgot variables: a call that did not end cost the interpreter, and earlier calls could not be run again in time. Told only where there are any.',
  ),
  'tool_use/post_hoc_ratio': define(
    'Post-hoc calls',
    'share',
    'neither',
    'Share of calls made after the value they compute was already written in the head.',
  ),
  'tool_use/void_turn_ratio': define(
    'Void turns',
    'share',
    'lower',
    'Share of trajectories whose last turn held neither a complete call nor an answer.',
  ),
  'tool_use/hit_budget_ratio': define(
    'Out of calls',
    'share',
    'lower',
    'Share of trajectories cut because they asked for more calls than the budget.',
  ),

  'critic/score/mean': define(
    'Train reward',
    'share',
    'higher',
    'Share of sampled trajectories whose final answer is right (the only reward).',
  ),
  'critic/score/finished_mean': define(
    'Right where not cut off',
    'share',
    'higher',
    'Share right among the trajectories that the context did not cut off: the reward with the cut-offs taken out.',
  ),
  frac_reward_zero_std: define(
    'Dead groups',
    'share',
    'lower',
    'Share of groups in which every sample earned the same: they teach nothing.',
  ),
  'actor/pg_loss': define(
    'Policy loss',
    '',
    'neither',
    'The clipped GRPO objective, negated, as a token mean.',
  ),
  'actor/entropy': define(
    'Entropy',
    'nats',
    'neither',
    'Mean entropy of the next-token distribution over sampled tokens; near zero the policy has stopped exploring.',
  ),
  'actor/pg_clipfrac': define(
    'Clip fraction',
    'share',
    'neither',
    'Share of tokens whose gradient the ratio clip removed, either side.',
  ),
  'clip_ratio/low_mean': define(
    'Clipped low',
    'share',
    'neither',
    'Share of tokens with negative advantage and a ratio below 1 - clip low.',
  ),
  'clip_ratio/high_mean': define(
    'Clipped high',
    'share',
    'neither',
    'Share of tokens with positive advantage and a ratio above 1 + clip high.',
  ),
  'actor/pg_clipfrac_lower': define(
    'Dual-clipped',
    'share',
    'neither',
    'Share of tokens with negative advantage and a ratio above the dual clip.',
  ),
  'actor/grad_norm': define(
    'Gradient norm',
    '',
    'neither',
    'Global gradient norm before clipping, mean of the mini-batches.',
  ),
  'actor/lr': define('Learning rate', '', 'neither', 'Learning rate of the GRPO step.'),
  'actor/skipped_steps': define(
    'Steps skipped',
    'steps',
    'lower',
    'Optimizer steps of the round that were left out because their loss or gradient was not a finite number; several in a row end the run.',
  ),
  'actor/kl_loss': define(
    'KL to the cold start',
    'nats',
    'neither',
    'k3 estimate of the divergence from the cold-start policy; measured only when its coefficient is not zero.',
  ),
  'response_length/mean': define(
    'Response length',
    'tokens',
    'neither',
    'Tokens after the prompt, tool output included.',
  ),
  'response_length/clip_ratio': define(
    'Truncated',
    'share',
    'lower',
    'Share of trajectories cut off by the context; verl calls it clip ratio, though nothing is clipped in the sense of PPO.',
  ),
  rollout_probs_diff_mean: define(
    'Sampler against trainer, mean',
    'probability',
    'lower',
    'Mean difference of a sampled token’s probability as sampler and trainer see it.',
  ),
  rollout_probs_diff_max: define(
    'Sampler against trainer, largest',
    'probability',
    'lower',
    'Largest difference of a sampled token’s probability as sampler and trainer see it.',
  ),
} as const satisfies Record<string, MetricDefinition>;

export type MetricName = keyof typeof metrics;
export const metricNames = Object.keys(metrics) as readonly MetricName[];
export type MetricValues = Partial<Record<MetricName, number>>;

export function metricDefinition(name: MetricName): MetricDefinition {
  return metrics[name];
}

/** Held-out benchmarks: the lab's counterparts of AIME24/25, HMMT25 and BeyondAIME. */
export const benchmarks: Record<BenchmarkName, { readonly label: string; readonly help: string }> = {
  inRange: { label: 'Same range', help: 'Held-out problems of the lengths that stage 2 trains on.' },
  longer: { label: 'Longer chains', help: 'Held-out problems with more steps than any that training shows.' },
  harder: {
    label: 'Harder operations',
    help: 'Held-out problems with more multiplication, division and remainders.',
  },
};
