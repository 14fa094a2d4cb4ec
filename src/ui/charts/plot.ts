/**
 * What all charts share: the look of axes and areas, and the frame around a plot, which its drawing and its surface both keep to, so that
 * a round lies at the same x in the density chart and in its heat map.
 *
 * Rounds count from 1, and round r takes the width from r - 0.5 to r + 0.5: so does its column in the map.
 */

/** Room around the plot for axes and names, pixels. */
export interface PlotFrame {
  readonly top: number;
  readonly right: number;
  readonly bottom: number; // the x axis
  readonly left: number; // the y axis
}

export const smallFrame: PlotFrame = { top: 6, right: 9, bottom: 18, left: 36 };

/** The density chart's, and the heat map's under it. @param named there are names at the lines' ends */
export function wideFrame(named: boolean, narrow: boolean): PlotFrame {
  return { top: 6, right: !named ? 14 : narrow ? 96 : 122, bottom: 20, left: 36 };
}

const axis = {
  type: 'number',
  allowDataOverflow: true,
  tickLine: false,
  interval: 'preserveStartEnd',
} as const;

/** An axis over rounds or steps. */
export const xAxis = { ...axis, dataKey: 'x', axisLine: { stroke: 'var(--lab-line-strong)' } } as const;

/** An axis of values, without a line. */
export const yAxis = { ...axis, axisLine: false } as const;

export const tickLabel = () => ({ fill: 'var(--lab-ink-3)', fontSize: 10.5 });

/** Every area, filled or not: straight lines, no animation, gaps bridged. */
export const area = { type: 'linear', isAnimationActive: false, connectNulls: true } as const;

/** An area behind others: a band. */
export const ground = { ...area, stroke: 'none', dot: false, activeDot: false } as const;
