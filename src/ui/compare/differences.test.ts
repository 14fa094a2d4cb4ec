import { expect, it } from 'vitest';
import { idleRun } from '../testing/lab.tsx';
import { endEstimate, estimateOf, heldOutEstimate, settingDifferences } from './differences.ts';

it('lists only the settings that differ', () => {
  const { settings } = idleRun;
  const other = {
    ...settings,
    run: { ...settings.run, seed: 7 },
    grpo: { ...settings.grpo, clipHigh: 0.2 },
  };
  expect(settingDifferences([{ settings }, { settings }])).toEqual([]);
  expect(
    settingDifferences([{ settings }, { settings: other }, { settings }]).map(({ path, values }) => [
      path,
      values,
    ]),
  ).toEqual([
    ['run.seed', [settings.run.seed, 7, settings.run.seed]],
    ['grpo.clipHigh', [settings.grpo.clipHigh, 0.2, settings.grpo.clipHigh]],
  ]);
});

it('takes the standard error of a mean', () => {
  expect(estimateOf([1, 2, 3, 4], 'rounds')).toEqual({
    ...{ mean: 2.5, n: 4, of: 'rounds' },
    error: Math.sqrt(5 / 3 / 4),
  });
  expect(estimateOf([3], 'rounds')).toMatchObject({ mean: 3, error: null, n: 1 });
  expect(estimateOf([], 'rounds')).toBeNull();
});

it('ends with the last rounds, and with nothing where nothing was measured', () => {
  const rounds = [9, 9, 9, 1, 1, 1, 1, 1].map((y, x) => ({ x, 'critic/score/mean': y }));
  const run = { series: { ...idleRun.series, rounds } };
  expect(endEstimate(run, 'critic/score/mean')).toMatchObject({ mean: 1, error: 0, n: 5 });
  expect(endEstimate(run, 'actor/entropy')).toBeNull();
});

it('takes a problem as one draw, unless the error was measured', () => {
  const result = {
    ...({ phase: 'evaluation', benchmark: 'inRange', budget: 'long' } as const),
    ...{ context: 200, calls: 20, k: 16, problems: 25, meanAtK: 0.5, passAtK: 1 },
    ...{ toolCalls: 3, truncated: 0, responseLength: 50 },
  };
  const at = (more: object) =>
    heldOutEstimate({ benchmarks: [{ ...result, ...more }] }, 'evaluation', 'inRange', 'long');
  expect(at({})).toEqual({ mean: 0.5, error: 0.1, n: 25, of: 'problems' });
  expect(at({ standardError: 0.03 })?.error).toBe(0.03);
  expect(heldOutEstimate({ benchmarks: [result] }, 'baseline', 'inRange', 'long')).toBeNull();
});
