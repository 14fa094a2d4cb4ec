/**
 * What every chart draws alike: its axes' and areas' looks, and measures that the density chart and its heat map share, so that a round
 * stands at the same x in both.
 *
 * Rounds count from 1, and round r takes the width from r - 0.5 to r + 0.5: so does its column in the map.
 */
export const yAxisWidth = 30;
export const plotMargin = { top: 6, right: 14, bottom: 0, left: 0 };

/** The x axis of `end` rounds, edge to edge. */
export function roundDomain(end: number): [number, number] {
  return [0.5, end + 0.5];
}

/** Ticks of a rounds axis: 0, the end, and round steps in between, at most about `most`. */
export function roundTicks(end: number, most: number): number[] {
  const steps = [1, 2, 5, 10, 20, 25, 50, 100, 200, 250, 500, 1000, 2000, 5000];
  const step = steps.find((candidate) => end / candidate <= most) ?? Math.ceil(end / most);
  const ticks: number[] = [];
  for (let x = 0; x <= end; x += step) ticks.push(x);
  return ticks;
}

const axis = { type: 'number', allowDataOverflow: true, tickLine: false } as const;

/** An axis over rounds or steps. */
export const xAxis = { ...axis, dataKey: 'x', axisLine: { stroke: 'var(--lab-line-strong)' } } as const;

/** An axis of values; its line is left to the grid of the page. */
export const yAxis = { ...axis, axisLine: false } as const;

/** The labels of an axis. */
export const tickLabel = (fontSize: number) => ({ fill: 'var(--lab-ink-3)', fontSize });

/** Of every area, filled or not: straight, still, and over gaps. */
export const area = { type: 'linear', isAnimationActive: false, connectNulls: true } as const;

/** An area that is a ground for others: a stack's layer, a band. */
export const ground = { ...area, stroke: 'none', dot: false, activeDot: false } as const;

/** The tooltip's line through the chart. */
export const cursor = { stroke: 'var(--lab-line-strong)' } as const;
