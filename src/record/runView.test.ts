import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../train/events.ts';
import { emptyRun, reduceRun, sampledRounds, wholeRounds, type RunView } from './runView.ts';
import { defaultSettings, withSetting } from '../recipes/formModel.ts';
import { probeRoundsKept } from './probe.ts';
import { exampleProbe } from './testing/exampleProbe.ts';
import { batch, scored } from '../train/testing/scoredBatch.ts';
import { exampleEvents } from './testing/exampleRun.ts';

const reduceAll = (events: readonly RunEvent[], settings = defaultSettings): RunView =>
  events.reduce((run, event, i) => reduceRun(run, event, settings, i), emptyRun(settings));

const rollouts = (round: number): RunEvent => ({
  type: 'trajectories',
  phase: 'stage1',
  round,
  trajectories: batch(3, 8, 1),
});

describe('reduceRun', () => {
  it('is pure', () => {
    const before = emptyRun(defaultSettings);
    const copy = structuredClone(before);
    for (const event of exampleEvents()) reduceRun(before, event, defaultSettings, 1);
    expect(before).toEqual(copy);
    expect(reduceAll(exampleEvents())).toEqual(reduceAll(exampleEvents()));
  });

  it('keeps curation, filter, benchmarks and phases', () => {
    const run = reduceAll(exampleEvents());
    expect(run.curation?.report).toMatchObject({ pool: 12, kept: 8 });
    expect(run.curation?.kept).toHaveLength(8);
    expect(run.promptFilter).toMatchObject({ visited: 24, dropped: 5 });
    expect(run.benchmarks.map((result) => result.benchmark)).toEqual(['longer']);
    expect(run.phases.find(({ name }) => name === 'stage1')).toMatchObject({
      status: 'done',
      done: 12,
      total: 12,
      detail: 'step 12',
    });
  });

  it('keeps the last rounds whole and one group of each earlier one', () => {
    const run = reduceAll(Array.from({ length: 30 }, (_, i) => rollouts(i + 1)));
    expect(run.rounds.map(({ round }) => round)).toEqual(Array.from({ length: 30 }, (_, i) => i + 1));
    const sizes = run.rounds.map(({ trajectories }) => trajectories.length);
    expect(sizes.slice(-wholeRounds)).toEqual(new Array(wholeRounds).fill(24));
    expect(new Set(sizes.slice(0, -wholeRounds))).toEqual(new Set([8]));
    expect(run.rounds[0]?.trajectories.every(({ prompt }) => prompt === 1)).toBe(true);
  });

  it('bounds the rounds it keeps, the first among them', () => {
    const run = reduceAll(Array.from({ length: 500 }, (_, i) => rollouts(i + 1)));
    expect(run.rounds.length).toBeLessThanOrEqual(wholeRounds + sampledRounds);
    expect(run.rounds.length).toBeGreaterThan(sampledRounds / 2);
    const rounds = run.rounds.map(({ round }) => round);
    expect(rounds[0]).toBe(1);
    expect(rounds.slice(-wholeRounds)).toEqual([493, 494, 495, 496, 497, 498, 499, 500]);
    expect(rounds).toEqual([...new Set(rounds)].sort((a, b) => a - b));
  });

  it('keeps the probe, and bounds it', () => {
    const [first] = exampleProbe('sparse').rounds;
    if (first === undefined) throw new Error('No round.');
    expect(reduceAll([]).probe).toBeNull();
    const run = reduceAll(
      Array.from({ length: 400 }, (_, i) => ({ type: 'probe', ...first, phase: 'stage1', round: i + 1 })),
    );
    expect(run.probe?.problems).toEqual(first.trajectories.map(({ problem }) => problem));
    expect(run.probe?.rounds.at(-1)?.round).toBe(400);
    expect(run.probe?.rounds.length).toBeLessThanOrEqual(probeRoundsKept);
  });

  it('joins trajectories of one round that come in parts', () => {
    const part = (phase: 'baseline' | 'evaluation'): RunEvent => ({
      type: 'trajectories',
      phase,
      round: 9,
      trajectories: [scored(0, 0, 1)],
    });
    const run = reduceAll([part('baseline'), part('baseline'), part('evaluation')]);
    expect(run.rounds.map(({ phase, trajectories }) => [phase, trajectories.length])).toEqual([
      ['baseline', 2],
      ['evaluation', 1],
    ]);
  });
});

describe('the collapse view', () => {
  it('states the rule before the cold start has ended', () => {
    expect(emptyRun(defaultSettings).collapse).toEqual({
      reference: null,
      threshold: null,
      alarm: null,
      rule: 'Collapse: the moving average of tool calls per trajectory stays below 0.3 of its value after the cold start, or below 2 if that was 4 or more, for 10 steps in a row.',
    });
  });

  it('puts this run’s numbers into it', () => {
    const dense = reduceAll([{ type: 'collapseReference', round: 9, density: 5 }]).collapse;
    expect(dense.threshold).toBe(2);
    expect(dense.rule).toContain('stays below 2.00 (2 is the floor');
    const sparse = reduceAll([{ type: 'collapseReference', round: 9, density: 1.5 }]).collapse;
    expect(sparse.threshold).toBeCloseTo(0.45);
    expect(sparse.rule).toContain(
      'stays below 0.45 (0.3 of the 1.50 after the cold start) for 10 steps in a row.',
    );
    expect(sparse.rule).toContain('what the paper already calls collapsed');
    expect(dense.rule).not.toContain('the paper');
    const silent = reduceAll([{ type: 'collapseReference', round: 9, density: 0.1 }]).collapse;
    expect(silent).toMatchObject({ threshold: 0, rule: expect.stringContaining('keeps silent') as string });
    const once = reduceAll(
      [{ type: 'collapseReference', round: 9, density: 9 }],
      withSetting(defaultSettings, 'collapse.patience', 1),
    );
    expect(once.collapse.rule).toContain('below 2.70 (0.3 of the 9.00 after the cold start) for one step.');
  });

  it('remembers the alarm', () => {
    expect(reduceAll(exampleEvents()).collapse).toMatchObject({
      reference: { round: 1, density: 5 },
      alarm: { round: 12, density: 0.6 },
    });
  });
});
