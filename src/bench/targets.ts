/**
 * The targets of this project's engine, and whether a speed test reached them.
 *
 * Invariant: a target is judged by the median of its own cells, the worst of them, and never by the best.
 */
import type { TimedCell, Target } from './report.ts';

/** How many times as fast as TensorFlow.js on the same adapter. */
const speedUps = {
  gpu: { training: 8, rollouts: 30 },
  software: { training: 3, rollouts: 8 },
} as const;

/** Of the adapter's measured matmul rate, in training `small`. */
const matmulShare = 0.5;

export function checkTargets(cells: readonly TimedCell[], software: boolean): Target[] {
  const wanted = speedUps[software ? 'software' : 'gpu'];
  const adapter = software ? 'a software adapter' : 'a GPU';
  const ratios = (training: boolean) =>
    cells.flatMap(({ work, ratio }) =>
      ratio !== null && (work !== 'rollout') === training ? [ratio.median] : [],
    );
  const shares = cells.flatMap(({ preset, wgslShares }) =>
    preset === 'small' && wgslShares.matmul !== null ? [wgslShares.matmul] : [],
  );
  const speed = (what: string, times: number) => `${what} on ${adapter}: ${times} times TensorFlow.js`;
  return [
    ...judge(speed('training', wanted.training), wanted.training, 'times', ratios(true)),
    ...judge(speed('rollouts', wanted.rollouts), wanted.rollouts, 'times', ratios(false)),
    ...judge('training small: half the measured matmul rate', matmulShare, 'share', shares),
  ];
}

function judge(text: string, wanted: number, unit: Target['unit'], values: readonly number[]): Target[] {
  if (values.length === 0) return [];
  const measured = Math.min(...values);
  return [{ text, wanted, measured, unit, reached: measured >= wanted }];
}
