/**
 * Medians and their spread.
 *
 * Invariant: a spread never pretends: with fewer than eight samples it is the whole range, from eight on the quartiles, and the
 * number of samples always stands beside it.
 */

export interface Quantiles {
  readonly median: number;
  readonly low: number;
  readonly high: number;
  readonly samples: number;
}

/** @param values at least one */
export function quantilesOf(values: readonly number[]): Quantiles {
  if (values.length === 0) throw new Error('A spread needs at least one value.');
  const sorted = [...values].sort((a, b) => a - b);
  const [low, high] = sorted.length < 8 ? [0, 1] : [0.25, 0.75];
  return {
    median: quantile(sorted, 0.5),
    low: quantile(sorted, low),
    high: quantile(sorted, high),
    samples: sorted.length,
  };
}

/** Linear interpolation between order statistics. @param sorted ascending, not empty */
function quantile(sorted: readonly number[], share: number): number {
  const at = share * (sorted.length - 1);
  const below = sorted[Math.floor(at)]!;
  const above = sorted[Math.ceil(at)]!;
  return below + (above - below) * (at - Math.floor(at));
}
