/**
 * Which charts there are, and what each draws: one metric, a line for every run. Names and explanations come from the metric registry.
 *
 * Diagnostics are charts that are flat while all is well. Each says above which value it has something to say, and takes a chart's room
 * only then (SmallCharts.tsx).
 */
import { metricDefinition, type MetricName } from '../../metrics/registry.ts';
import type { SeriesPoint } from '../../record/metricSeries.ts';
import { formatMetric, formatNumber } from '../app/format.ts';
import type { AxisName } from './chartView.ts';

export interface ChartDefinition {
  readonly id: string;
  readonly title: string;
  readonly help: string;
  readonly axis: AxisName;
  /** What is drawn of a point; undefined where it was not measured. */
  readonly value: (point: SeriesPoint) => number | undefined;
  /** More columns of the table: what the value is made of. */
  readonly also: readonly MetricName[];
  /** Fixed top of the y axis, else the data's, at least `leastTop`. */
  readonly top?: number;
  readonly leastTop: number;
  readonly format: (value: number) => string;
  readonly formatTick: (value: number) => string;
  /** Whether a logarithmic y shows something that a linear one hides. */
  readonly logHelps: boolean;
  /** Marks the held-out accuracy of each run, before and after reinforcement learning. */
  readonly heldOut?: boolean;
}

export interface Diagnostic extends ChartDefinition {
  /** There is something to say above this. */
  readonly loudAbove: number;
  /** It is not even listed while there is nothing to say. */
  readonly isRare?: boolean;
}

const help = (...names: MetricName[]) => names.map((name) => metricDefinition(name).help).join(' ');
const tickNumber = (value: number) => String(+value.toPrecision(2));
/** "1e-4": for numbers far below one. */
const tickPower = (value: number) => (value === 0 ? '0' : value.toExponential(0).replace('e+', 'e'));
const tickShare = (value: number) => `${+(value * 100).toPrecision(2)}%`;
/** The sampler and the trainer, both in float32, agree better than this on every sampled token's probability. */
const probabilityBound = 1e-4;

/** A chart of one metric, as its unit asks. */
export function chartOf(
  metric: MetricName,
  rest: Pick<ChartDefinition, 'id' | 'title'> & Partial<ChartDefinition>,
): ChartDefinition {
  const { unit } = metricDefinition(metric);
  const share = unit === 'share';
  return {
    axis: 'rounds',
    help: help(metric),
    value: (point) => point[metric],
    also: [],
    leastTop: share ? 0.1 : 1,
    format: (value) => formatMetric(value, unit),
    formatTick: share ? tickShare : tickNumber,
    logHelps: false,
    ...rest,
  };
}

export const densityDefinition: ChartDefinition = chartOf('tool_use/avg_tool_calls_per_trajectory', {
  id: 'density',
  title: 'Interaction density',
  help: `${help('tool_use/avg_tool_calls_per_trajectory')} A policy whose line sinks into the shaded zone has stopped reasoning with the tool. The band around the line of the run in focus holds the middle half of its trajectories.`,
  also: ['tool_use/p25', 'tool_use/p50', 'tool_use/p75', 'tool_use/p90'],
  leastTop: 2,
});

export const smallCharts: readonly ChartDefinition[] = [
  chartOf('critic/score/mean', {
    id: 'accuracy',
    title: 'Train reward',
    help: `${help('critic/score/mean')} Where a stage brings longer problems, the same policy earns less. The hollow markers are each run’s accuracy on held-out problems of the same range, before and after reinforcement learning.`,
    top: 1,
    heldOut: true,
  }),
  chartOf('actor/entropy', { id: 'entropy', title: 'Entropy', leastTop: 0.1, logHelps: true }),
  chartOf('response_length/mean', { id: 'length', title: 'Length', leastTop: 50 }),
  chartOf('response_length/clip_ratio', { id: 'truncated', title: 'Cut off', leastTop: 0.2 }),
  chartOf('frac_reward_zero_std', { id: 'dead', title: 'Dead groups', top: 1 }),
  chartOf('train/loss', {
    id: 'loss',
    title: 'Cold-start loss',
    axis: 'steps',
    leastTop: 0.5,
    logHelps: true,
  }),
];

export const diagnostics: readonly Diagnostic[] = [
  {
    ...chartOf('tool_use/execution_success_ratio', { id: 'tools', title: 'Failed calls' }),
    help: 'Share of calls that brought no result: Python raised an error, time or memory ran out, or the call was refused for its form. The table tells them apart.',
    value: (point) => {
      const ok = point['tool_use/execution_success_ratio'];
      return ok === undefined ? undefined : Math.max(0, 1 - ok);
    },
    also: [
      'tool_use/execution_error_ratio',
      'tool_use/execution_timeout_ratio',
      'tool_use/execution_memory_ratio',
      'tool_use/execution_format_ratio',
    ],
    loudAbove: 0.1,
  },
  {
    ...chartOf('actor/pg_clipfrac', { id: 'clip', title: 'Clipping', leastTop: 0.01, logHelps: true }),
    also: ['clip_ratio/low_mean', 'clip_ratio/high_mean', 'actor/pg_clipfrac_lower'],
    loudAbove: 0.05,
  },
  {
    ...chartOf('rollout_probs_diff_max', { id: 'mismatch', title: 'Mismatch' }),
    help: `${help('rollout_probs_diff_max')} Above ${probabilityBound} they do not compute the same policy.`,
    also: ['rollout_probs_diff_mean'],
    leastTop: probabilityBound,
    format: formatNumber,
    formatTick: tickPower,
    logHelps: true,
    loudAbove: probabilityBound,
  },
  {
    ...chartOf('tool_use/states_lost', { id: 'states', title: 'States lost' }),
    loudAbove: 0,
    isRare: true,
  },
];
