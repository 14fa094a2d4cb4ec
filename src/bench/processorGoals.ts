/**
 * The goals of the engine for processors, and whether a speed test reached them.
 *
 * Invariant: a goal is judged by the median of its own cells, the worst of them, and never by the best.
 */
import type { ContestantName } from './peers/contestant.ts';
import { ratioOf, type ProcessorCell } from './processorReport.ts';
import type { Target } from './report.ts';
import { quantilesOf } from './statistics.ts';
import type { BenchPreset } from './workload.ts';

interface RatioGoal {
  readonly text: string;
  readonly name: ContestantName;
  readonly other: ContestantName;
  readonly presets: readonly BenchPreset[];
  readonly training: boolean;
  readonly wanted: number;
}

const ours = ['mini', 'nano', 'small'] as const;
const training = { name: 'simd', other: 'torch', training: true } as const;

const ratioGoals: readonly RatioGoal[] = [
  {
    text: 'training mini and nano with one thread, against TensorFlow.js on WebAssembly',
    ...{ name: 'simd1', other: 'tfjs', presets: ['mini', 'nano'], training: true, wanted: 20 },
  },
  { ...training, text: 'training mini, against PyTorch at its best', presets: ['mini'], wanted: 1.5 },
  { ...training, text: 'training nano, against PyTorch at its best', presets: ['nano'], wanted: 1 },
  { ...training, text: 'training small, against PyTorch at its best', presets: ['small'], wanted: 0.5 },
  {
    text: 'training mini and nano with one thread, against jax-js on WebAssembly',
    ...{ name: 'simd1', other: 'jax', presets: ['mini', 'nano'], training: true, wanted: 3 },
  },
  {
    text: 'rollouts with tool turns, against PyTorch with a KV cache at its best',
    ...{ name: 'simd', other: 'torch', presets: ours, training: false, wanted: 3 },
  },
];

/** From one thread to two. */
const scaling = 1.7;
/** Of the product kernel's rate, in training `small` on one thread. */
const productShare = 0.6;

/** @param threads of the engine `simd`: what two threads gain is asked only where there are two */
export function checkProcessorGoals(cells: readonly ProcessorCell[], threads: number): Target[] {
  const worst = (text: string, wanted: number, unit: Target['unit'], values: readonly number[]): Target[] => {
    if (values.length === 0) return [];
    const measured = Math.min(...values);
    return [{ text, wanted, measured, unit, reached: measured >= wanted }];
  };
  const ratios = (goal: Omit<RatioGoal, 'text' | 'wanted'>) =>
    cells.flatMap((cell) => {
      const ratio = ratioOf(cell, goal.name, goal.other);
      const counts = goal.presets.includes(cell.preset) && (cell.work !== 'rollout') === goal.training;
      return ratio && counts ? [ratio.median] : [];
    });
  const shares = cells.flatMap(({ preset, productShares }) =>
    preset === 'small' && productShares ? [quantilesOf(productShares).median] : [],
  );
  const twoThreads = (isTraining: boolean) =>
    threads === 2 ? ratios({ name: 'simd', other: 'simd1', presets: ours, training: isTraining }) : [];
  return [
    ...ratioGoals.flatMap((goal) => worst(goal.text, goal.wanted, 'times', ratios(goal))),
    ...worst('training small: share of the measured SIMD product rate', productShare, 'share', shares),
    ...worst('training with two threads, against one', scaling, 'times', twoThreads(true)),
    ...worst('rollouts with two threads, against one', scaling, 'times', twoThreads(false)),
  ];
}
