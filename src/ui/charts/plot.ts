/**
 * What all charts share: the look of axes and areas, and the margins that put a round at the same x in the density chart and in its heat map.
 *
 * Rounds count from 1, and round r takes the width from r - 0.5 to r + 0.5: so does its column in the map.
 */
export const yAxisWidth = 30;
export const plotMargin = { top: 6, right: 14, bottom: 0, left: 0 };

/** The x axis of `end` rounds, from the left edge of the first to the right edge of the last. */
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

/** An axis of values, without a line. */
export const yAxis = { ...axis, axisLine: false } as const;

export const tickLabel = (fontSize: number) => ({ fill: 'var(--lab-ink-3)', fontSize });

/** Every area, filled or not: straight lines, no animation, gaps bridged. */
export const area = { type: 'linear', isAnimationActive: false, connectNulls: true } as const;

/** An area behind others: a layer of a stack, a band. */
export const ground = { ...area, stroke: 'none', dot: false, activeDot: false } as const;

/** The tooltip's line through the chart. */
export const cursor = { stroke: 'var(--lab-line-strong)' } as const;
