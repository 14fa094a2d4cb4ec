import { describe, expect, it } from 'vitest';
import { RunSeries } from './runSeries.ts';

const mean = 'tool_use/avg_tool_calls_per_trajectory';

describe('RunSeries', () => {
  it('fills rounds, cold-start steps, histograms and the latest values from events', () => {
    const series = new RunSeries();
    const empty = series.view();
    series.add({ type: 'sft', step: 1, values: { 'train/loss': 4, 'train/lr': 0.001 } });
    series.add({ type: 'sft', step: 2, values: { 'train/loss': 3 } });
    series.add({
      type: 'round',
      phase: 'sft',
      round: 1,
      step: 2,
      values: { [mean]: 2.5, 'actor/entropy': NaN },
      callCounts: [0, 1, 1, 2],
    });
    const view = series.view();
    expect(view.sft).toEqual([
      { x: 1, 'train/loss': 4, 'train/lr': 0.001 },
      { x: 2, 'train/loss': 3 },
    ]);
    expect(view.rounds).toEqual([{ x: 1, [mean]: 2.5 }]);
    expect(view.histograms).toEqual([{ round: 1, through: 1, counts: [0, 1, 1, 2] }]);
    expect(view.latest).toEqual({ 'train/loss': 3, 'train/lr': 0.001, [mean]: 2.5 });
    expect(view).not.toBe(empty);
    expect(series.view()).toBe(view);
    series.add({ type: 'done' });
    expect(series.view()).toBe(view);
  });

  it('is the same after being recorded', () => {
    const series = new RunSeries();
    for (let round = 1; round <= 400; round++) {
      series.add({
        type: 'round',
        phase: 'stage1',
        round,
        step: round,
        values: { [mean]: Math.cos(round), 'critic/score/mean': round / 400 },
        callCounts: [round],
      });
    }
    const again = new RunSeries(series.record());
    expect(again.view()).toEqual(series.view());
    expect(again.record()).toEqual(series.record());
  });

  it('shows a long run in at most 300 rows', () => {
    const series = new RunSeries();
    for (let step = 1; step <= 50_000; step++) {
      series.add({ type: 'sft', step, values: { 'train/loss': 1 / step, 'train/lr': step } });
      if (step % 500 === 0) series.view();
    }
    expect(series.view().sft.length).toBeLessThanOrEqual(300);
  });
});
