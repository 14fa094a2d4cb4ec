/**
 * Which small charts there are, and what each draws. Names and explanations come from the metric registry.
 *
 * Lines of one chart differ in dash as well as in colour. Seven is about as many charts as a live page can redraw unnoticed.
 */
import { metricDefinition, type MetricName } from '../../metrics/registry.ts';
import { formatNumber, formatShare } from '../app/format.ts';

export interface PlottedSeries {
  readonly metric: MetricName;
  readonly label: string;
  readonly colour: string;
  readonly dash?: string;
  /** Measured on the right-hand scale, 0 to 100%. */
  readonly scale?: 'share';
  /** Drawn as a slice of a stack. */
  readonly area?: boolean;
}

export interface ChartDefinition {
  readonly id: string;
  readonly title: string;
  readonly help: string;
  readonly source: 'rounds' | 'sft';
  readonly series: readonly PlottedSeries[];
  /** Fixed top of the y axis, else the data's, at least `leastTop`. */
  readonly top?: number;
  readonly leastTop: number;
  readonly format: (value: number) => string;
  readonly formatTick: (value: number) => string;
  /** The metric whose newest value stands beside the title. */
  readonly headline: MetricName;
}

const help = (...names: MetricName[]) => names.map((name) => metricDefinition(name).help).join(' ');
const lowerFirst = (sentence: string) => sentence.charAt(0).toLowerCase() + sentence.slice(1);
const tickNumber = (value: number) =>
  Number.isInteger(value) ? value.toFixed(0) : String(+value.toPrecision(2));
/** "1e-4": for numbers far below one. */
const tickPower = (value: number) => (value === 0 ? '0' : value.toExponential().replace('e+', 'e'));
/** The sampler and the trainer, both in float32, agree better than this on every sampled token's probability. */
const probabilityBound = 1e-4;
const tickShare = (value: number) => `${+(value * 100).toFixed(1)}%`;

export const accuracyChart: ChartDefinition = {
  id: 'accuracy',
  title: 'Accuracy',
  help: `${help('critic/score/mean', 'critic/score/finished_mean')} The markers are mean@k on the three held-out benchmarks under the long budget, before and after reinforcement learning. ${help('frac_reward_zero_std')}`,
  source: 'rounds',
  series: [
    { metric: 'critic/score/mean', label: 'train reward', colour: 'var(--lab-green)' },
    {
      metric: 'critic/score/finished_mean',
      label: 'right where not cut off',
      colour: 'var(--lab-sky)',
      dash: '5 3',
    },
    { metric: 'frac_reward_zero_std', label: 'dead groups', colour: 'var(--lab-grey)', dash: '2 3' },
  ],
  top: 1,
  leastTop: 1,
  format: formatShare,
  formatTick: tickShare,
  headline: 'critic/score/mean',
};

export const smallCharts: readonly ChartDefinition[] = [
  accuracyChart,
  {
    id: 'entropy',
    title: 'Entropy',
    help: help('actor/entropy'),
    source: 'rounds',
    series: [{ metric: 'actor/entropy', label: 'nats per sampled token', colour: 'var(--lab-purple)' }],
    leastTop: 0.1,
    format: formatNumber,
    formatTick: tickNumber,
    headline: 'actor/entropy',
  },
  {
    id: 'length',
    title: 'Length',
    help: `${help('response_length/mean')} The dashed line, on the right-hand scale: ${lowerFirst(help('response_length/clip_ratio'))}`,
    source: 'rounds',
    series: [
      { metric: 'response_length/mean', label: 'tokens', colour: 'var(--lab-sky)' },
      {
        metric: 'response_length/clip_ratio',
        label: 'truncated',
        colour: 'var(--lab-vermillion)',
        dash: '4 3',
        scale: 'share',
      },
    ],
    leastTop: 50,
    format: (value) => formatNumber(Math.round(value)),
    formatTick: tickNumber,
    headline: 'response_length/mean',
  },
  {
    id: 'clip',
    title: 'Clipping',
    help: help('actor/pg_clipfrac', 'clip_ratio/low_mean', 'clip_ratio/high_mean'),
    source: 'rounds',
    series: [
      { metric: 'actor/pg_clipfrac', label: 'any', colour: 'var(--lab-grey)' },
      { metric: 'clip_ratio/low_mean', label: 'low', colour: 'var(--lab-blue)', dash: '4 3' },
      { metric: 'clip_ratio/high_mean', label: 'high', colour: 'var(--lab-vermillion)', dash: '1 2' },
    ],
    leastTop: 0.01,
    format: formatShare,
    formatTick: tickShare,
    headline: 'actor/pg_clipfrac',
  },
  {
    id: 'tools',
    title: 'Results',
    help: `What became of the calls, by kind. ${help('tool_use/execution_success_ratio')} What is left raised an error, timed out, ran out of memory or was refused for its format.`,
    source: 'rounds',
    series: [
      {
        metric: 'tool_use/execution_success_ratio',
        label: 'ok',
        colour: 'var(--lab-green-soft)',
        area: true,
      },
      {
        metric: 'tool_use/execution_error_ratio',
        label: 'error',
        colour: 'var(--lab-vermillion)',
        area: true,
      },
      {
        metric: 'tool_use/execution_timeout_ratio',
        label: 'timeout',
        colour: 'var(--lab-purple)',
        area: true,
      },
      { metric: 'tool_use/execution_memory_ratio', label: 'memory', colour: 'var(--lab-blue)', area: true },
      { metric: 'tool_use/execution_format_ratio', label: 'format', colour: 'var(--lab-orange)', area: true },
    ],
    top: 1,
    leastTop: 1,
    format: formatShare,
    formatTick: tickShare,
    headline: 'tool_use/execution_success_ratio',
  },
  {
    id: 'loss',
    title: 'SFT loss',
    help: help('train/loss'),
    source: 'sft',
    series: [{ metric: 'train/loss', label: 'nats per token, by step', colour: 'var(--lab-orange)' }],
    leastTop: 0.5,
    format: formatNumber,
    formatTick: tickNumber,
    headline: 'train/loss',
  },
  {
    id: 'mismatch',
    title: 'Mismatch',
    help: `${help('rollout_probs_diff_max', 'rollout_probs_diff_mean')} The scale ends at the bound, ${probabilityBound}: a line that reaches the top means that sampler and trainer do not compute the same policy.`,
    source: 'rounds',
    series: [
      { metric: 'rollout_probs_diff_max', label: 'largest', colour: 'var(--lab-vermillion)' },
      { metric: 'rollout_probs_diff_mean', label: 'mean', colour: 'var(--lab-grey)', dash: '4 3' },
    ],
    top: probabilityBound,
    leastTop: probabilityBound,
    format: formatNumber,
    formatTick: tickPower,
    headline: 'rollout_probs_diff_max',
  },
];
