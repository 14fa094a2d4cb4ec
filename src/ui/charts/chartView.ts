/**
 * How all charts are looked at: what x is, how smooth lines are, which part is shown, and where the one cursor stands.
 *
 * It belongs to the page, not to the lab: nothing here says anything about a run. Charts over cold-start steps have an x of their own, so
 * zoom and cursor are kept by axis. Invariant (plotModel.test.ts): another x begins unzoomed and without a cursor.
 */
import { useSyncExternalStore } from 'react';
import { createStore } from 'zustand/vanilla';
import type { Domain } from './lines.ts';
import type { XKind } from './xAxis.ts';

/** Charts that share an x: of rounds, as chosen; of cold-start steps; of a study's rounds. */
export type AxisName = 'rounds' | 'steps' | 'study';

export interface ChartView {
  readonly xKind: XKind;
  /** Weight of the past, 0 to 0.95 (lines.ts). */
  readonly smoothing: number;
  /** The part shown; all of it where absent. */
  readonly zoom: Readonly<Partial<Record<AxisName, Domain>>>;
  /** Charts with a logarithmic y. */
  readonly log: ReadonlySet<string>;
}

export interface Cursor {
  readonly axis: AxisName;
  readonly x: number;
  /** The chart that the person is in: it tells the numbers. */
  readonly chart: string;
}

const initial: ChartView = { xKind: 'round', smoothing: 0, zoom: {}, log: new Set() };

const view = createStore<ChartView>(() => initial);
/** Apart from the view: it moves with the pointer, and no line has to be drawn again for it. */
const cursor = createStore<{ readonly at: Cursor | null }>(() => ({ at: null }));

export const chartView = {
  get: () => view.getState(),
  setX: (xKind: XKind) => {
    if (xKind === view.getState().xKind) return;
    view.setState(({ zoom: { rounds: _, ...others } }) => ({ xKind, zoom: others }));
    cursor.setState({ at: null });
  },
  setSmoothing: (smoothing: number) => view.setState({ smoothing: Math.min(0.95, Math.max(0, smoothing)) }),
  /** @param domain null for the whole */
  setZoom: (axis: AxisName, domain: Domain | null) =>
    view.setState(({ zoom }) => {
      const { [axis]: _, ...others } = zoom;
      return { zoom: domain === null ? others : { ...others, [axis]: domain } };
    }),
  resetZoom: () => view.setState({ zoom: {} }),
  toggleLog: (chart: string) =>
    view.setState(({ log }) => {
      const next = new Set(log);
      if (!next.delete(chart)) next.add(chart);
      return { log: next };
    }),
  cursor: () => cursor.getState().at,
  setCursor: (at: Cursor | null) => {
    const before = cursor.getState().at;
    if (
      before === at ||
      (at !== null && before?.axis === at.axis && before.x === at.x && before.chart === at.chart)
    )
      return;
    cursor.setState({ at });
  },
  /** As the page opens. */
  reset: () => {
    view.setState(initial);
    cursor.setState({ at: null });
  },
} as const;

export function useChartView<T>(select: (view: ChartView) => T): T {
  return useSyncExternalStore(view.subscribe, () => select(view.getState()));
}

export function useCursor<T>(select: (cursor: Cursor | null) => T): T {
  return useSyncExternalStore(cursor.subscribe, () => select(cursor.getState().at));
}
