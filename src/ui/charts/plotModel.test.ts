import { beforeEach, describe, expect, it } from 'vitest';
import type { SeriesPoint } from '../../record/metricSeries.ts';
import { phaseViews, plannedPhases } from '../../record/phases.ts';
import type { RunState } from '../../lab/state.ts';
import { idleRun } from '../testing/lab.tsx';
import { chartRun, type ChartRun } from './chartRuns.ts';
import { chartView } from './chartView.ts';
import { chartOf, densityDefinition, diagnostics } from './definitions.ts';
import { csvOf, tableOf } from './numberTable.ts';
import { placeOn, plainTicks, plotOf, wholeDomain } from './plotModel.ts';
import { secondMap, tokenMap } from './xAxis.ts';

const density = 'tool_use/avg_tool_calls_per_trajectory';

/** A run with these calls, from round 1, four trajectories of `length` tokens in each. */
function run(name: string, calls: readonly number[], change: Partial<RunState> = {}, length = 10): ChartRun {
  const rounds = calls.map((y, i): SeriesPoint => ({
    x: i + 1,
    [density]: y,
    'response_length/mean': length,
  }));
  const histograms = calls.map((_, i) => ({ round: i + 1, through: i + 1, counts: [1, 3] }));
  const series = { ...idleRun.series, rounds, histograms };
  return chartRun({ ...idleRun, id: name, name, series, ...change }, name === 'a');
}

const options = () => ({ view: chartView.get(), pixels: 400, ticks: 5 });
beforeEach(() => chartView.reset());

describe('the x axis', () => {
  it('is the same for all runs: the longest plan, or the longest run', () => {
    const long = run(
      'b',
      Array.from({ length: 900 }, () => 1),
    );
    expect(wholeDomain([run('a', [1, 2]), long], 'rounds', 'round')).toEqual([0.5, 900.5]);
  });

  it('counts tokens from lengths and trajectories', () => {
    const map = tokenMap(run('a', [1, 1, 1]).view.series)!;
    expect([0, 1, 2, 3, 2.5].map(map)).toEqual([0, 40, 80, 120, 100]);
    expect(tokenMap(idleRun.series)).toBeNull();
  });

  it('has seconds only where phases were timed', () => {
    const phases = phaseViews(plannedPhases(idleRun.settings), 0).map((phase) => {
      if (phase.name === 'sft') return { ...phase, startedAt: 10, endedAt: 30, round: 0 };
      if (phase.name === 'stage1') return { ...phase, startedAt: 50, round: 4 };
      return phase;
    });
    const map = secondMap(phases, 90, 8)!;
    expect([0, 2, 4, 6, 8].map(map)).toEqual([10, 20, 30, 70, 90]);
    expect(secondMap(idleRun.phases, 90, 8)).toBeNull();
    chartView.setX('seconds');
    const plot = plotOf([run('a', [1, 2]), run('b', [1, 2], { phases })], densityDefinition, options());
    expect(plot.lines.map(({ name }) => name)).toEqual(['b']);
    expect(plot.missing).toEqual(['a']);
  });

  it('has ticks at plain numbers', () => {
    expect(plainTicks([0, 36], 4)).toEqual([0, 10, 20, 30]);
    expect(plainTicks([2.5, 6.5], 4, [1, 2, 5])).toEqual([3, 4, 5, 6]);
  });
});

describe('a plot', () => {
  it('holds every line, and only what is shown once zoomed', () => {
    const runs = [run('a', [1, 2, 3, 4, 5]), run('b', [9, 1, 1, 1, 1])];
    const plot = plotOf(runs, densityDefinition, options());
    expect(plot.y.domain[1]).toBeGreaterThanOrEqual(9);
    chartView.setZoom('rounds', [3.5, 5.5]);
    const zoomed = plotOf(runs, densityDefinition, options());
    expect(zoomed.x.domain).toEqual([3.5, 5.5]);
    expect(zoomed.lines[0]!.drawn.map(({ x }) => x)).toEqual([3, 4, 5]);
    expect(zoomed.y.domain[1]).toBeLessThan(9);
  });

  it('keeps the raw line beside the smoothed one', () => {
    chartView.setSmoothing(0.5);
    const [line] = plotOf([run('a', [0, 10, 0])], densityDefinition, options()).lines;
    expect(line!.raw.map(({ y }) => y)).toEqual([0, 10, 0]);
    expect(line!.drawn[1]!.y).toBeLessThan(10);
  });

  it('leaves zeros out of a logarithmic axis', () => {
    const chart = { ...chartOf(density, { id: 'log', title: 'Log', logHelps: true }) };
    chartView.toggleLog('log');
    const plot = plotOf([run('a', [0, 1, 100])], chart, options());
    expect(plot.y).toMatchObject({ log: true, domain: [1, 100] });
    expect(plot.lines[0]!.points).toHaveLength(2);
    expect(placeOn(plot.y, 10)).toBeCloseTo(0.5);
  });
});

describe('numbers as a file', () => {
  it('has a column for each run, empty where it measured nothing', () => {
    const table = tableOf([run('a', [0.123456789, 2]), run('b, "two"', [3])], {
      ...densityDefinition,
      also: [],
    });
    expect(csvOf(table)).toBe(
      'Round,a: Interaction density,"b, ""two"": Interaction density"\r\n1,0.123456789,3\r\n2,2,\r\n',
    );
  });

  it('tells apart what a value is made of', () => {
    const tools = diagnostics.find(({ id }) => id === 'tools')!;
    const rounds = [
      { x: 1, 'tool_use/execution_success_ratio': 0.75, 'tool_use/execution_error_ratio': 0.25 },
    ] as const;
    const one = run('a', [], { series: { ...idleRun.series, rounds } });
    const { columns, rows } = tableOf([one], tools);
    expect(columns.map(({ label }) => label)).toEqual(['Round', 'Failed calls', 'Calls that raised']);
    expect(rows).toEqual([[1, 0.25, 0.25]]);
  });
});

describe('how charts are looked at', () => {
  it('begins another x unzoomed and without a cursor, and leaves the cold start alone', () => {
    chartView.setZoom('rounds', [1, 2]);
    chartView.setZoom('steps', [1, 2]);
    chartView.setCursor({ axis: 'rounds', chart: 'density', x: 3 });
    chartView.setX('tokens');
    expect(chartView.get().zoom).toEqual({ steps: [1, 2] });
    expect(chartView.cursor()).toBeNull();
  });
});
