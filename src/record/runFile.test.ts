import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EngineDescription } from '../engine/engine.ts';
import { metricNames, type MetricValues } from '../metrics/registry.ts';
import type { RunEvent } from '../train/events.ts';
import { presetSettings } from '../recipes/presets.ts';
import { emptyRun, reduceRun } from './runView.ts';
import type { RecordedRun } from './recordedRun.ts';
import { readRunFile, writeRunFile } from './runFile.ts';
import { sampleRounds } from './runFileSample.ts';
import { RunSeries } from './runSeries.ts';
import { exampleProbe } from './testing/exampleProbe.ts';
import { batch, scored, trajectory } from '../train/testing/scoredBatch.ts';
import { exampleEvents } from './testing/exampleRun.ts';
import { TrajectoryReader, TrajectoryWriter } from './trajectoryFile.ts';

const engine: EngineDescription = {
  ...{ engine: 'tfjs', backend: 'wasm', adapter: 'WebAssembly, 2 threads', isSoftware: true },
  reason: 'The browser offers no WebGPU adapter.',
};

function record(events: readonly RunEvent[]): RecordedRun {
  const settings = presetSettings('nano');
  const series = new RunSeries();
  for (const event of events) series.add(event);
  return {
    recordedAt: '2026-02-03T04:05:06.000Z',
    origin: { versions: { 'aster-lab': '0.1.0' }, userAgent: 'a test' },
    settings,
    presetName: 'nano',
    engine,
    sandbox: 'Pyodide 314',
    parameters: 98_000,
    elapsedSeconds: 12.5,
    tokensPerSecond: 1e5 / 3,
    view: events.reduce((view, event, i) => reduceRun(view, event, settings, i), emptyRun(settings)),
    series: series.record(),
  };
}

function reopened(text: string): RecordedRun {
  const read = readRunFile(text);
  if (!read.ok) throw new Error(read.message);
  expect(read.notices).toEqual([]);
  return read.run;
}

describe('a run file', () => {
  it('keeps the mark of a call before which Python lost something', () => {
    const marked = exampleEvents().map((event): RunEvent => {
      if (event.type !== 'trajectories') return event;
      const trajectories = event.trajectories.map((one) => ({
        ...one,
        calls: one.calls.map((call) => ({ ...call, result: { ...call.result, stateLost: true as const } })),
      }));
      return { ...event, trajectories };
    });
    const { view } = reopened(writeRunFile(record(marked)));
    const results = view.rounds.flatMap(({ trajectories }) =>
      trajectories.flatMap(({ calls }) => calls.map(({ result }) => result.stateLost)),
    );
    expect(results.length).toBeGreaterThan(0);
    expect(results.every((lost) => lost === true)).toBe(true);
  });

  it('gives back everything of a small run', () => {
    const run = record(exampleEvents());
    const again = reopened(writeRunFile(run));
    const withoutTimes = {
      ...run,
      view: {
        ...run.view,
        phases: run.view.phases.map((phase) => ({ ...phase, startedAt: null, endedAt: null, marks: [] })),
      },
    };
    expect(again).toEqual(withoutTimes);
  });

  it('gives back the probe and what updates did to tokens, and writes the same again', () => {
    const events = exampleEvents().map((event): RunEvent => {
      if (event.type !== 'trajectories') return event;
      const trajectories = event.trajectories.map((one) => ({
        ...one,
        update: {
          logProbsNow: one.logProbs.map((value, i) => (one.lossMask[i] === 1 ? value - 0.01234567 * i : 0)),
          lossTokens: 512,
          lossWeight: 1 / 3,
        },
      }));
      return { ...event, trajectories };
    });
    for (const { round, phase, trajectories } of exampleProbe('sparse').rounds)
      events.push({ type: 'probe', round, phase, trajectories });
    const run = record(events);
    const text = writeRunFile(run);
    const again = reopened(text);
    expect(writeRunFile(again) === text).toBe(true);
    expect(again.view.probe?.problems).toEqual(run.view.probe?.problems);
    expect(again.view.probe?.rounds.map(({ round }) => round)).toEqual(
      run.view.probe?.rounds.map(({ round }) => round),
    );
    const [was, is] = [run, again].map(({ view }) => view.rounds.at(-1)?.trajectories[0]?.update);
    expect(is).toMatchObject({ lossTokens: 512, lossWeight: 1 / 3 });
    was?.logProbsNow.forEach((value, i) =>
      expect(Math.abs((is?.logProbsNow[i] ?? NaN) - value)).toBeLessThan(1e-4),
    );
  });

  it('refuses a probe that contradicts itself', () => {
    const events = exampleProbe('dense').rounds.map((round): RunEvent => ({ type: 'probe', ...round }));
    const file = JSON.parse(writeRunFile(record(events))) as { probe: { rounds: { round: number }[] } };
    file.probe.rounds[3]!.round = 1;
    expect(readRunFile(JSON.stringify(file))).toEqual({
      ok: false,
      message: 'its probe’s rounds are out of order.',
    });
  });

  it('names the engine on a processor, its threads and its build', () => {
    const run: RecordedRun = {
      ...record([]),
      engine: { ...engine, engine: 'simd', threads: 3, build: 'relaxed' },
    };
    expect(reopened(writeRunFile(run)).engine).toEqual(run.engine);
  });

  it('says what it is, with versions, device and seed in plain fields', () => {
    expect(JSON.parse(writeRunFile(record(exampleEvents())))).toMatchObject({
      format: 'aster-lab-run',
      version: 1,
      recordedAt: '2026-02-03T04:05:06.000Z',
      origin: { versions: { 'aster-lab': '0.1.0' } },
      engine: { backend: 'wasm' },
      settings: { run: { seed: 1 } },
    });
  });

  it('keeps a mini run below 3 MB, and writes the same again after opening', () => {
    const events: RunEvent[] = [];
    const values: MetricValues = Object.fromEntries(
      metricNames.map((name, i) => [name, Math.sin(i + 1) / 3]),
    );
    for (let step = 1; step <= 1750; step++) {
      events.push({ type: 'sft', step, values: { 'train/loss': Math.sin(step), 'train/lr': 1 / step } });
    }
    const long = (prompt: number, sample: number) => {
      const short = scored(prompt, sample, sample % 2);
      const repeat = (row: ArrayLike<number>) =>
        Array.from({ length: 150 }, (_, i) => row[i % row.length] ?? 0);
      return {
        ...short,
        problem: { ...short.problem, steps: Array.from({ length: 8 }, () => short.problem.steps).flat() },
        tokens: Int32Array.from(repeat(short.tokens)),
        lossMask: Uint8Array.from(repeat(short.lossMask)),
        logProbs: Float32Array.from(repeat(short.logProbs)),
        calls: Array.from({ length: 6 }, () => short.calls).flat(),
      };
    };
    for (let round = 1; round <= 108; round++) {
      events.push({
        type: 'round',
        phase: 'stage1',
        round,
        step: round,
        values,
        callCounts: [1, 2, 3, 4, 5],
      });
      const trajectories = Array.from({ length: 40 }, (_, i) => long(40 * round + Math.floor(i / 8), i % 8));
      events.push({ type: 'trajectories', phase: 'stage1', round, trajectories });
    }
    const kept = Array.from({ length: 200 }, (_, i) =>
      trajectory(`chain/cold-start/1/${i}`, { sampled: false }),
    );
    const curation = exampleEvents().find((event) => event.type === 'curation');
    if (curation !== undefined) events.push({ ...curation, kept });
    const run = record(events);
    const text = writeRunFile(run);
    expect(text.length).toBeLessThan(3e6);
    expect(text.length).toBeGreaterThan(3e5);
    const again = reopened(text);
    expect(writeRunFile(again) === text).toBe(true); // a difference would print megabytes
    expect(again.series).toEqual(run.series);
    expect(again.view.rounds.at(-1)?.trajectories).toHaveLength(32);
  });
});

describe('sampleRounds', () => {
  it('keeps a round’s telling group, in its order', () => {
    const [round] = sampleRounds([{ round: 1, phase: 'stage1', trajectories: batch(64, 8, 60) }]);
    expect(round?.trajectories).toHaveLength(32);
    expect(new Set(round?.trajectories.map(({ prompt }) => prompt))).toEqual(new Set([0, 1, 2, 60]));
    expect(round?.trajectories.at(-1)?.prompt).toBe(60);
  });
});

describe('trajectories', () => {
  it('come back exactly, whatever they hold', () => {
    const tokens = fc.array(
      fc.record({
        token: fc.integer({ min: 0, max: 59 }),
        mask: fc.integer({ min: 0, max: 1 }),
        p: fc.float({ noNaN: true, noDefaultInfinity: true }),
      }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(tokens, (rows) => {
        const written = {
          ...trajectory(),
          tokens: Int32Array.from(rows, ({ token }) => token),
          lossMask: Uint8Array.from(rows, ({ mask }) => mask),
          logProbs: Float32Array.from(rows, ({ mask, p }) => (mask === 1 && p !== 0 ? p : 0)),
        };
        const writer = new TrajectoryWriter();
        const row: unknown = JSON.parse(JSON.stringify(writer.write(written)));
        expect(
          new TrajectoryReader(writer.problems).read(row as ReturnType<TrajectoryWriter['write']>),
        ).toEqual(written);
      }),
    );
  });

  it('share their problem', () => {
    const writer = new TrajectoryWriter();
    for (const sample of batch(2, 8, 0)) writer.writeScored(sample);
    expect(writer.problems).toHaveLength(2);
  });
});

describe('files that are no good', () => {
  const good = JSON.parse(writeRunFile(record(exampleEvents()))) as Record<string, unknown>;
  const message = (change: Record<string, unknown>) => {
    const read = readRunFile(JSON.stringify({ ...good, ...change }));
    return read.ok ? 'opened' : read.message;
  };

  it('get one sentence each', () => {
    expect(readRunFile('')).toEqual({ ok: false, message: 'it is not a JSON file, or was cut off.' });
    expect(readRunFile(JSON.stringify(good).slice(0, -100)).ok).toBe(false);
    expect(readRunFile('[]')).toEqual({ ok: false, message: 'it is not a run exported by ASTER Lab.' });
    expect(readRunFile('null').ok).toBe(false);
    expect(message({})).toBe('opened');
    expect(message({ format: 'tensorboard' })).toBe('it is not a run exported by ASTER Lab.');
    expect(message({ version: 2 })).toContain('newer version');
    expect(message({ benchmarks: [{ phase: 'evaluation' }] })).toContain('benchmarks.0');
    expect(message({ settings: { grpo: { clipLow: 'x' } } })).toBe(
      'its settings are not ones this lab knows.',
    );
    expect(message({ problems: [] })).toContain('not in the file');
  });

  it('are seen through when lengths do not match', () => {
    const rounds = structuredClone(good['rounds']) as { trajectories: { mask: number[] }[] }[];
    rounds[0]?.trajectories[0]?.mask.push(5);
    expect(message({ rounds })).toBe('a trajectory’s mask has another length than its tokens.');
    const series = structuredClone(good['series']) as { rounds: { x: number[] } };
    series.rounds.x.pop();
    expect(message({ series })).toContain('another length than its axis');
  });

  it('are refused where no chart could draw them, or what draws them would freeze', () => {
    const changed = (change: (file: ReturnType<typeof parts>) => void) => {
      const file = parts();
      change(file);
      return message(file);
    };
    const parts = () =>
      structuredClone(good) as {
        series: { rounds: { x: number[]; metrics: Record<string, (number | null)[]> } };
        rounds: { round: number; trajectories: { tokens: number[]; mask: number[] }[] }[];
      };
    expect(changed((file) => void (file.series.rounds.x[1] = 1e308))).toContain('series.rounds.x.1');
    expect(changed((file) => void (file.series.rounds.x[1] = -3))).toContain('series.rounds.x.1');
    expect(changed((file) => void (file.rounds[0]!.round = 1e308))).toContain('rounds.0.round');
    const name = 'critic/score/mean';
    expect(changed((file) => void (file.series.rounds.metrics[name]![0] = 1e308))).toContain(
      'holds more than',
    );
    const long = Array<number>(100_000).fill(1);
    expect(
      changed(({ rounds }) => {
        Object.assign(rounds[0]!.trajectories[0]!, { tokens: long, mask: [100_000] });
      }),
    ).toBe('it holds more than this lab reads (at “rounds.0.trajectories.0.tokens”).');
  });

  it('of a time before stage 2’s share of longer prompts was a setting say which share they had', () => {
    const older = structuredClone(good['settings']) as {
      stage1: { maxLength: number };
      stage2: { longShare?: number };
    };
    delete older.stage2.longShare;
    const share = (promptFilter: object | null, maxLength = 14) => {
      const settings = { ...older, stage2: { ...older.stage2, maxLength } };
      const read = readRunFile(JSON.stringify({ ...good, settings, promptFilter }));
      return read.ok ? read.run.settings.stage2.longShare : read.message;
    };
    const report = { prompts: 1024, visited: 900, dropped: 300, added: 256, solvedHistogram: [1] };
    expect(share(report)).toBe(0.25);
    expect(share(report, older.stage1.maxLength)).toBe(0); // no problem of stage 2 is longer than stage 1's
    expect(share(null)).toBe(0.5); // it never came to stage 2
    const read = readRunFile(JSON.stringify({ ...good, promptFilter: report }));
    expect(read.ok && read.run.settings.stage2.longShare).toBe(presetSettings('nano').stage2.longShare); // a file that has the setting keeps it
  });

  it('of a time before chains’ letters began anywhere say that they began at a', () => {
    const older = structuredClone(good['settings']) as { task: { firstLetter?: string } };
    expect(older.task.firstLetter).toBe('any');
    delete older.task.firstLetter;
    const read = readRunFile(JSON.stringify({ ...good, settings: older }));
    expect(read.ok && read.run.settings.task.firstLetter).toBe('a');
  });

  it('open without a metric this lab does not know, and say when a preset is unknown', () => {
    const series = structuredClone(good['series']) as { latest: Record<string, number> };
    series.latest['made/up'] = 1;
    expect(message({ series })).toBe('opened');
    const read = readRunFile(JSON.stringify({ ...good, preset: 'giant' }));
    expect(read.ok && read.notices).toHaveLength(1);
  });

  it('say whether a GPU computed, also where they are from before engines said so', () => {
    const text = writeRunFile({ ...record(exampleEvents()), engine: { ...engine, isSoftware: true } });
    const older = (adapter: string, backend: string) => {
      const file = JSON.parse(text) as { engine: Record<string, unknown> };
      delete file.engine['isSoftware'];
      return reopened(JSON.stringify({ ...file, engine: { ...file.engine, adapter, backend } })).engine;
    };
    expect(reopened(text).engine?.isSoftware).toBe(true);
    expect(older('one CPU core', 'wasm')?.isSoftware).toBe(true);
    expect(older('google swiftshader', 'webgpu')?.isSoftware).toBe(true);
    expect(older('apple metal-3', 'webgpu')?.isSoftware).toBe(false);
  });

  it('never throw', () => {
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(good)), fc.jsonValue(), (key, value) => {
        expect(typeof readRunFile(JSON.stringify({ ...good, [key]: value })).ok).toBe('boolean');
      }),
      { numRuns: 150 },
    );
  });
});
