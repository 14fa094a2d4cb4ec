// @vitest-environment happy-dom
import { expect, it } from 'vitest';
import type { LabState, RunState } from '../../lab/state.ts';
import { idleRun, idleState } from '../testing/lab.tsx';
import { chartRuns, leading, sameRoundRuns } from './chartRuns.ts';

const run = (id: string, change: Partial<RunState> = {}): RunState => ({
  ...{ ...idleRun, id, name: id, status: 'done' },
  ...change,
});
const withRuns = (runs: readonly RunState[], focus: string | null): LabState => ({
  ...idleState,
  runs,
  focus,
});

it('draws the runs that are shown, the one in focus leading; without any, the one that the form describes', () => {
  const runs = chartRuns(withRuns([run('a'), run('b', { visible: false }), run('c')], 'c'));
  expect(runs.map(({ id, focused }) => [id, focused])).toEqual([
    ['a', false],
    ['c', true],
  ]);
  expect(leading(runs).id).toBe('c');
  expect(chartRuns(withRuns([run('b', { visible: false })], null)).map(({ id }) => id)).toEqual(['planned']);
});

it('is drawn anew when a line or its look changes, and not for a clock', () => {
  const before = chartRuns(withRuns([run('a')], 'a'));
  const after = (change: Partial<RunState>) => chartRuns(withRuns([run('a', change)], 'a'));
  expect(sameRoundRuns(before, after({ elapsedSeconds: 9, tokensPerSecond: 5 }))).toBe(true);
  expect(sameRoundRuns(before, after({ name: 'Mine' }))).toBe(false);
  expect(sameRoundRuns(before, after({ colour: 5 }))).toBe(false);
  const measured = { ...idleRun.series, rounds: [{ x: 1 }] };
  expect(sameRoundRuns(before, after({ series: measured }))).toBe(false);
});
