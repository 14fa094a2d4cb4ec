// @vitest-environment happy-dom
import { act, cleanup } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { SeriesView } from '../../record/runSeries.ts';
import { shownRun, type LabState } from '../../lab/state.ts';
import { fakeLab, mockBrowser, renderInLab } from '../testing/lab.tsx';
import { sameRounds } from './sameSeries.ts';
import { useInTurn } from './turns.ts';

const turn = { select: (state: LabState) => shownRun(state).series, pace: 1000, same: sameRounds };
let draws: string[] = [];

function Chart({ name }: { name: string }) {
  const series = useInTurn(turn);
  draws.push(`${name}:${series.rounds.length}`);
  return null;
}

const seriesOf = (rounds: number): SeriesView => ({
  rounds: Array.from({ length: rounds }, (_, x) => ({ x })),
  sft: [],
  latest: {},
  histograms: [],
});

beforeEach(() => {
  mockBrowser();
  vi.useFakeTimers();
  draws = [];
});
afterEach(() => {
  cleanup();
  vi.useRealTimers();
});

const pass = (ms: number): void => {
  act(() => {
    vi.advanceTimersByTime(ms);
  });
};

describe('charts that take turns', () => {
  it('draw one after the other, not in one task', () => {
    const lab = fakeLab({ status: 'running' });
    renderInLab(
      lab,
      ['a', 'b', 'c'].map((name) => <Chart key={name} name={name} />),
    );
    pass(200);
    draws = [];
    act(() => lab.set({ series: seriesOf(1) }));
    expect(draws).toEqual([]);
    pass(19);
    expect(draws).toEqual(['a:1']);
    pass(19);
    expect(draws).toEqual(['a:1', 'b:1']);
    pass(19);
    expect(draws).toEqual(['a:1', 'b:1', 'c:1']);
  });

  it('keep their pace while the run goes on, and always show the newest in the end', () => {
    const lab = fakeLab({ status: 'running' });
    renderInLab(lab, <Chart name="a" />);
    pass(200);
    draws = [];
    for (let round = 1; round <= 20; round++) {
      act(() => lab.set({ series: seriesOf(round) }));
      pass(100);
    }
    expect(draws.length).toBeLessThanOrEqual(3);
    pass(1500);
    expect(draws.at(-1)).toBe('a:20');
  });

  it('do not redraw for numbers that they do not show', () => {
    const lab = fakeLab({ status: 'running', series: seriesOf(3) });
    renderInLab(lab, <Chart name="a" />);
    pass(200);
    draws = [];
    const { series } = shownRun(lab.getState());
    act(() => lab.set({ series: { ...series, sft: [{ x: 1 }] } }));
    pass(3000);
    expect(draws).toEqual([]);
  });

  it('show the last numbers at once when the run ends', () => {
    const lab = fakeLab({ status: 'running' });
    renderInLab(lab, <Chart name="a" />);
    pass(200);
    act(() => lab.set({ series: seriesOf(1) }));
    pass(30);
    act(() => lab.set({ series: seriesOf(2), status: 'done' }));
    pass(30);
    expect(draws.at(-1)).toBe('a:2');
  });
});
