/**
 * The recorded runs that come with the page, each against the lab's own rules: what it measured is counted again from what it
 * holds, and every tool call is run again in real Python. The fixture, a real run too, is held to the same, so that the
 * test says something while there are no others.
 */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CollapseDetector } from '../metrics/collapse.ts';
import { createNodeSandbox } from '../sandbox/nodeSandbox.ts';
import type { PythonPool } from '../sandbox/pool.ts';
import { parseToolCalls } from '../tasks/calls.ts';
import { benchmarkNames } from '../tasks/problems.ts';
import type { Trajectory } from '../tasks/trajectory.ts';
import { reward } from '../tasks/verifier.ts';
import { findArm } from '../recipes/arms.ts';
import { findPreset } from '../recipes/presets.ts';
import { recordedIndexSchema, type RecordedEntry } from '../record/recordedIndex.ts';
import type { RecordedRun } from '../record/recordedRun.ts';
import { readRunFile } from '../record/runFile.ts';

const folder = 'public/runs';
const largest = 520_000; // bytes; a thought of fourteen steps is three of quick’s, with two log-probabilities a token
const density = 'tool_use/avg_tool_calls_per_trajectory';

interface Listed {
  readonly path: string;
  readonly entry: RecordedEntry;
}

const index = recordedIndexSchema.parse(JSON.parse(readFileSync(`${folder}/index.json`, 'utf8')));
const fixture: Listed = {
  path: 'src/record/testing/recordedRun.json',
  entry: {
    ...{ file: 'recordedRun.json', title: 'Micro', description: 'A fixture.' },
    ...{ arm: 'dense', preset: 'micro', seed: 4 },
  },
};
const listed: readonly Listed[] = [
  fixture,
  ...index.map((entry) => ({ path: `${folder}/${entry.file}`, entry })),
];

let python: PythonPool;
beforeAll(async () => {
  // No recorded call ran into its deadline, so a busy machine may have all the time it wants.
  const settings = { ...read(fixture.path).settings.sandbox, deadlineMs: 20_000 };
  python = await createNodeSandbox({ settings });
}, 120_000);
afterAll(() => python.dispose());

function read(path: string): RecordedRun {
  const file = readFileSync(path);
  const opened = readRunFile((path.endsWith('.gz') ? gunzipSync(file) : file).toString());
  if (!opened.ok) throw new Error(`${path}: ${opened.message}`);
  expect(opened.notices).toEqual([]);
  return opened.run;
}

it('the index lists every file there is, once', () => {
  const files = existsSync(folder) ? readdirSync(folder).filter((name) => name.endsWith('.json.gz')) : [];
  expect(index.map(({ file }) => file).sort()).toEqual(files.sort());
});

it('every folder of weights belongs to a recording, and holds the rounds that it names', () => {
  const folders = readdirSync(folder, { withFileTypes: true }).filter((one) => one.isDirectory());
  for (const { name } of folders) {
    const path = `${folder}/${name}.json.gz`;
    expect(existsSync(path), path).toBe(true);
    const named = read(path).view.weights.map(({ file }) => file);
    expect(readdirSync(`${folder}/${name}`).sort()).toEqual([...named].sort());
  }
});

describe.each(listed)('$path', ({ path, entry }) => {
  const run = read(path);
  const { settings, view, series } = run;
  const rolledOut = view.rounds.flatMap(({ trajectories }) => trajectories);
  const taught: readonly Trajectory[] =
    view.curation === null
      ? []
      : [...view.curation.kept, ...Object.values(view.curation.report.examples).flat()];

  it('is small, finished, and says where it comes from', () => {
    expect(readFileSync(path).byteLength).toBeLessThan(largest);
    expect(view.phases.map(({ status }) => status)).toEqual(view.phases.map(() => 'done'));
    expect(run.engine?.adapter).toMatch(/./);
    expect(run.sandbox).toMatch(/Python/);
    expect(run.parameters).toBeGreaterThan(0);
    expect(run.elapsedSeconds).toBeGreaterThan(0);
    expect(new Date(run.recordedAt).toISOString()).toBe(run.recordedAt);
    expect(run.origin.commit).toMatch(/^[0-9a-f]{40}$/);
    expect(Object.keys(run.origin.versions)).toContain('aster-lab');
  });

  it('is the run that the index promises', () => {
    expect(run.presetName).toBe(entry.preset);
    expect(findPreset(entry.preset)).toBeDefined();
    expect(settings.run.seed).toBe(entry.seed);
    // An arm decides what the cold start is made of; its length is the preset's.
    const { teacher, curation } = findArm(entry.arm)?.changes ?? {};
    expect(settings.curation).toMatchObject({ bin: curation?.bin, keepZero: curation?.keepZero });
    expect(settings.teacher).toMatchObject(teacher ?? {});
  });

  it('counts a round’s calls as its histogram does', () => {
    const { x, metrics } = series.rounds;
    expect(x).toEqual(series.histograms.map(({ round }) => round));
    expect(x).toEqual(x.map((_, row) => row + 1));
    series.histograms.forEach(({ counts }, row) => {
      const all = counts.reduce((sum, count) => sum + count, 0);
      const calls = counts.reduce((sum, count, number) => sum + count * number, 0);
      const few = counts.slice(0, 3).reduce((sum, count) => sum + count, 0);
      expect(metrics[density]?.[row]).toBeCloseTo(calls / all, 10);
      expect(metrics['tool_use/at_most_2_ratio']?.[row]).toBeCloseTo(few / all, 10);
    });
  });

  it('has the alarm that the detector raises on its density', () => {
    const detector = new CollapseDetector(settings.collapse);
    const first = view.phases.find(({ name }) => name === 'stage1')?.round ?? 0;
    series.rounds.x.forEach((round, row) => {
      const sampled = settings.grpo.promptsPerStep * settings.grpo.groupSize;
      if (round > first) detector.observe(round, series.rounds.metrics[density]?.[row] ?? 0, sampled);
    });
    if (detector.alarm === null) expect(view.collapse.alarm).toBeNull();
    else expect(detector.alarm).toMatchObject(view.collapse.alarm ?? { round: 'none recorded' });
    const rounds = Math.ceil(
      settings.collapse.sample / (settings.grpo.promptsPerStep * settings.grpo.groupSize),
    );
    expect(view.collapse.reference).toMatchObject({ round: first + rounds, density: detector.reference });
  });

  it('has every benchmark under both budgets, before and after', () => {
    const { evaluation } = settings;
    const phases = evaluation.afterColdStart
      ? (['baseline', 'evaluation'] as const)
      : (['evaluation'] as const);
    const expected = phases.flatMap((phase) =>
      (['short', 'long'] as const).flatMap((budget) =>
        benchmarkNames.map((benchmark) => ({
          ...{ phase, budget, benchmark, k: evaluation.samples, problems: evaluation.problems },
          context: budget === 'short' ? evaluation.shortContext : evaluation.longContext,
          calls: budget === 'short' ? evaluation.shortCalls : evaluation.longCalls,
        })),
      ),
    );
    expect(view.benchmarks).toMatchObject(expected);
    for (const { meanAtK, passAtK, k, problems } of view.benchmarks) {
      expect(meanAtK).toBeLessThanOrEqual(passAtK);
      expect(passAtK).toBeLessThanOrEqual(Math.min(1, meanAtK * k) + 1e-9);
      expect(meanAtK * k * problems).toBeCloseTo(Math.round(meanAtK * k * problems), 6);
    }
  });

  it('rewards what the verifier rewards', () => {
    expect(rolledOut.length).toBeGreaterThan(0);
    expect(settings.grpo.callBonus).toBe(0);
    for (const trajectory of rolledOut)
      expect(trajectory.reward).toBe(reward(trajectory.problem, trajectory.tokens));
  });

  it('logs the calls that stand in its tokens', () => {
    for (const { tokens, lossMask, calls, stop } of [...rolledOut, ...taught]) {
      const spans = parseToolCalls(tokens, lossMask);
      // The call beyond the budget is written, but never runs.
      expect(calls).toHaveLength(spans.length - (stop === 'budget' ? 1 : 0));
      calls.forEach(({ code, start }, i) =>
        expect({ code, start }).toEqual({ code: spans[i]?.code, start: spans[i]?.start }),
      );
    }
  });

  it('has the results that Python gives again', { timeout: 180_000 }, async () => {
    const trajectories = [...rolledOut, ...taught].filter(({ calls }) => calls.length > 0);
    expect(trajectories.length).toBeGreaterThan(0);
    expect(settings.sandbox).toEqual(read(fixture.path).settings.sandbox); // what `python` was made with
    const numbers = trajectories.map((_, trajectory) => trajectory);
    const cells = trajectories.flatMap(({ calls }, trajectory) =>
      calls.map(({ code }) => ({ trajectory, code })),
    );
    const results = await python.run(cells);
    python.release(numbers);
    expect(results).toEqual(trajectories.flatMap(({ calls }) => calls.map(({ result }) => result)));
  });
});
