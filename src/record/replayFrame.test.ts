import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { metricNames } from '../metrics/registry.ts';
import { cutRun, lastFrame } from './replayFrame.ts';
import type { RecordedRun } from './recordedRun.ts';
import { readRunFile } from './runFile.ts';

/** A real run of `micro`, made by `npm run train` on WebAssembly: 2 probes, 5 and 3 GRPO steps, an alarm. */
function recordedRun(): RecordedRun {
  const read = readRunFile(readFileSync('src/record/testing/recordedRun.json', 'utf8'));
  if (!read.ok) throw new Error(read.message);
  return read.run;
}

const run = recordedRun();
const last = lastFrame(run);
const frames = Array.from({ length: last + 1 }, (_, frame) => frame);
const statusAt = (frame: number) =>
  Object.fromEntries(cutRun(run, frame).view.phases.map(({ name, status }) => [name, status]));

describe('a cut of a recorded run', () => {
  it('is the run itself at the last frame, and empty of rounds at the first', () => {
    expect(last).toBe(11); // ten rounds, then the evaluation
    expect(cutRun(run, last)).toBe(run);
    expect(cutRun(run, Infinity)).toBe(run);
    const begun = cutRun(run, 0);
    expect(begun.series.rounds.x).toEqual([]);
    expect(begun.series.sft.x).toEqual([]);
    expect(begun.series.latest).toEqual({});
    expect(begun.view.curation).toBe(run.view.curation);
    expect(begun.view.rounds).toEqual([]);
  });

  it('never shows what had not happened, and only ever adds', () => {
    let before = cutRun(run, 0);
    for (const frame of frames.slice(1, -1)) {
      const cut = cutRun(run, frame);
      const { rounds, sft, histograms } = cut.series;
      expect(rounds.x.at(-1)).toBe(frame);
      expect(histograms.at(-1)?.round).toBe(frame);
      expect(rounds.x.slice(0, -1)).toEqual(before.series.rounds.x);
      expect(sft.x.slice(0, before.series.sft.x.length)).toEqual(before.series.sft.x);
      for (const name of metricNames) {
        const whole = run.series.rounds.metrics[name];
        const column = rounds.metrics[name];
        if (column !== undefined) expect(column).toEqual(whole?.slice(0, column.length));
      }
      expect(cut.view.rounds.every(({ round, phase }) => round <= frame && phase !== 'evaluation')).toBe(
        true,
      );
      expect(cut.view.benchmarks.every(({ phase }) => phase === 'baseline')).toBe(true);
      before = cut;
    }
  });

  it('has the newest values of that moment', () => {
    const density = 'tool_use/avg_tool_calls_per_trajectory';
    for (const frame of frames.slice(1, -1))
      expect(cutRun(run, frame).series.latest[density]).toBe(run.series.rounds.metrics[density]?.[frame - 1]);
  });

  it('has the phases as they stood', () => {
    expect(statusAt(0)).toMatchObject({ curation: 'done', sft: 'active', baseline: 'waiting' });
    expect(statusAt(1)).toMatchObject({ sft: 'active', stage1: 'waiting' });
    expect(statusAt(2)).toMatchObject({ sft: 'done', baseline: 'waiting', stage1: 'waiting' });
    expect(statusAt(3)).toMatchObject({ baseline: 'done', stage1: 'active', filter: 'waiting' });
    expect(statusAt(7)).toMatchObject({ stage1: 'done', filter: 'waiting', stage2: 'waiting' });
    expect(statusAt(8)).toMatchObject({ filter: 'done', stage2: 'active', evaluation: 'waiting' });
    const done = (frame: number, name: string) =>
      cutRun(run, frame).view.phases.find((phase) => phase.name === name)?.done;
    expect([done(4, 'stage1'), done(9, 'stage2')]).toEqual([2, 2]);
    const steps = run.series.sft.x.at(-1) ?? 0;
    expect([done(1, 'sft'), done(2, 'sft')]).toEqual([Math.ceil(steps / 2), steps]);
  });

  it('knows benchmarks, filter, reference and alarm only after they came', () => {
    expect(cutRun(run, 2).view.benchmarks).toEqual([]);
    expect(cutRun(run, 3).view.benchmarks).toHaveLength(6);
    expect(cutRun(run, 7).view.promptFilter).toBeNull();
    expect(cutRun(run, 8).view.promptFilter).toBe(run.view.promptFilter);
    const { reference, alarm } = run.view.collapse;
    if (reference === null || alarm === null) throw new Error('the fixture has an alarm');
    expect(cutRun(run, reference.round - 1).view.collapse).toMatchObject({
      reference: null,
      threshold: null,
    });
    expect(cutRun(run, alarm.round - 1).view.collapse).toMatchObject({ reference, alarm: null });
    expect(cutRun(run, alarm.round).view.collapse).toEqual(run.view.collapse);
  });
});

describe('a run that was exported before its end', () => {
  const unfinished: RecordedRun = {
    ...run,
    series: cutRun(run, 5).series,
    view: cutRun(run, 5).view,
  };

  it('ends where it was', () => {
    expect(lastFrame(unfinished)).toBe(6);
    expect(cutRun(unfinished, 6)).toBe(unfinished);
    expect(cutRun(unfinished, 5).view.phases).toEqual(unfinished.view.phases);
    expect(cutRun(unfinished, 3).view.phases.find(({ name }) => name === 'stage1')?.done).toBe(1);
  });
});
