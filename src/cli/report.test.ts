import { describe, expect, it } from 'vitest';
import { findExperiment } from '../recipes/experiments.ts';
import { callsKept, endValue, makeStudy, readStudy, spread, type StudyRun } from '../study/study.ts';
import { writeReport } from './report.ts';

/** A run whose calls go from `before` to `after` in six rounds of stage 1 and six of stage 2. */
function run(variant: string, seed: number, before: number, after: number, alarm: number | null): StudyRun {
  const x = Array.from({ length: 12 }, (_, i) => i + 9);
  const calls = x.map((round) => (round < 11 ? before : after));
  const flat = (value: number) => x.map(() => value);
  const benchmark = (phase: 'baseline' | 'evaluation', budget: 'short' | 'long', meanAtK: number) => ({
    ...{ phase, budget, benchmark: 'inRange' as const, context: 78, calls: 50, k: 4, problems: 8 },
    ...{
      meanAtK,
      passAtK: 1,
      toolCalls: phase === 'baseline' ? before : after,
      truncated: 0,
      responseLength: 30,
    },
  });
  return {
    ...{ variant, seed, engine: 'tfjs, one CPU core', recordedAt: '2026-01-01T00:00:00.000Z', seconds: 60 },
    rounds: {
      x,
      metrics: {
        'tool_use/avg_tool_calls_per_trajectory': calls,
        'critic/score/mean': flat(0.5),
        'actor/entropy': flat(0.1),
        'tool_use/at_most_2_ratio': flat(1),
        'tool_use/post_hoc_ratio': x.map(() => null),
        'response_length/clip_ratio': flat(0),
      },
    },
    ...{ stage1: 9, stage2: 15, reference: { round: 9, density: before } },
    alarm: alarm === null ? null : { round: alarm, density: after },
    benchmarks: [benchmark('baseline', 'short', 0.2), benchmark('evaluation', 'short', 0.4)],
  };
}

const choice = findExperiment('choice');
if (choice === undefined) throw new Error('there is no such experiment');
const provenance = { createdAt: '2026-01-02T03:04:05.000Z', commit: 'abc' };
const study = makeStudy(
  choice,
  'quick',
  [run('sparse', 1, 1.5, 0.25, 17), run('sparse', 2, 1.25, 0.5, null), run('dense', 1, 4, 4, null)],
  provenance,
);

describe('a study', () => {
  it('survives its own file, and refuses others with a sentence', () => {
    expect(readStudy(JSON.parse(JSON.stringify(study)))).toEqual({ ok: true, study });
    const refused = (json: unknown) => {
      const read = readStudy(json);
      return read.ok ? '' : read.message;
    };
    expect(refused({})).toContain('not a study');
    expect(refused({ ...study, version: 2 })).toContain('newer version');
    expect(refused({ ...study, runs: [{ ...study.runs[0], seed: 'one' }] })).toContain('damaged');
    const [first] = study.runs;
    const uneven = { ...first, rounds: { ...first?.rounds, x: [1] } };
    expect(refused({ ...study, runs: [uneven] })).toContain('another length');
  });

  it('averages over seeds and keeps the ends', () => {
    expect(spread([1, null, 3])).toEqual({ mean: 2, min: 1, max: 3, seeds: 2 });
    expect(spread([null])).toBeNull();
    const [sparse] = study.runs;
    if (sparse === undefined) throw new Error('no run');
    expect(callsKept(sparse, 'short')).toBeCloseTo(1 / 6);
    expect(callsKept(sparse, 'long')).toBeNull();
    expect(endValue(sparse, 'tool_use/avg_tool_calls_per_trajectory')).toBe(0.25);
    // Rounds 9 and 10 stand before the fall; the last five before round 12 hold them.
    expect(endValue(sparse, 'tool_use/avg_tool_calls_per_trajectory', 12)).toBeCloseTo(
      (1.5 + 1.5 + 0.25) / 3,
    );
    expect(endValue(sparse, 'tool_use/post_hoc_ratio')).toBeNull();
  });

  it('leaves variants that have not run out', () => {
    expect(study.variants.map(({ name }) => name)).toEqual(['dense', 'sparse']);
  });
});

describe('its report', () => {
  const { markdown, plots } = writeReport(study);

  it('gives means with their ends, and dashes for what was not measured', () => {
    expect(markdown).toContain('# A choice to learn');
    expect(markdown).toContain('seeds 1, 2');
    expect(markdown).toContain('1.38 (1.25 to 1.50)'); // the first round of GRPO, sparse
    expect(markdown).toContain('0.38 (0.25 to 0.50)');
    expect(markdown).toContain('1 of 2 (round 17)');
    expect(markdown).toContain('none of 1');
    expect(markdown).toContain('| 100% | – | 0.100 |'); // no post-hoc ratio was measured
    expect(markdown).toContain('28% (17% to 40%)'); // calls kept
  });

  it('says that it is a part, and of what, before its first number', () => {
    const part = makeStudy(choice, 'quick', study.runs, provenance, [
      'dense-2',
      'sparse-3 (stale: other settings)',
    ]);
    expect(writeReport(part).markdown).toMatch(
      /\*\*Partial: 3 of 5 runs\.\*\* Missing: dense-2; sparse-3 \(stale: other settings\)\.[\s\S]*## Tool calls/,
    );
    expect(markdown).not.toContain('Partial');
    expect(readStudy(JSON.parse(JSON.stringify(part)))).toEqual({ ok: true, study: part });
    expect(writeReport(makeStudy(choice, 'quick', [], provenance, ['dense-1'])).markdown).toContain('0 of 1');
  });

  it('gives errors, n and temperatures, and the verdict on each seed', () => {
    const [one] = study.runs;
    if (one === undefined) throw new Error('no run');
    const benchmarks = (['baseline', 'evaluation'] as const).flatMap((phase) =>
      [0.6, 1].map((temperature) => ({
        ...one.benchmarks[0]!,
        ...{ phase, budget: 'long' as const, temperature, standardError: 0.03, toolCallsError: 0.1 },
        ...{ meanAtK: phase === 'baseline' ? 0.5 : 0.4 + temperature / 2 },
      })),
    );
    const judged = makeStudy(choice, 'quick', [{ ...one, variant: 'dense', benchmarks }], provenance);
    const text = writeReport(judged).markdown;
    expect(text).toContain('long budget, temperature 1 (n 8 x 4)');
    expect(text).toContain('50.0% ± 3.0% | 90.0% ± 3.0%');
    expect(text).toContain('50.0% ± 3.0% | 70.0% ± 3.0%');
    expect(text).toContain('| a | dense | 1 | accuracy rises by at least 15 points | +40.0 points | yes |');
    expect(text).toMatch(/the alarm keeps silent \| round 17 \| \*\*no\*\*/);
  });

  it('draws every line inside its frame', () => {
    expect([...plots.keys()]).toEqual(['avg_tool_calls_per_trajectory.svg', 'score.svg', 'entropy.svg']);
    const svg = plots.get('avg_tool_calls_per_trajectory.svg') ?? '';
    expect(svg.match(/<polyline/g)?.length).toBe(2);
    expect(svg).not.toMatch(/NaN|Infinity|undefined/);
    const numbers = [...svg.matchAll(/points="([^"]+)"/g)].flatMap(([, points = '']) =>
      points.split(' ').map((point) => point.split(',').map(Number)),
    );
    for (const [x = -1, y = -1] of numbers) {
      expect(x).toBeGreaterThanOrEqual(56);
      expect(x).toBeLessThanOrEqual(530);
      expect(y).toBeGreaterThanOrEqual(36);
      expect(y).toBeLessThanOrEqual(276);
    }
  });

  it('draws a heat map of budgets', () => {
    const budget = findExperiment('budget');
    if (budget === undefined) throw new Error('there is no budget experiment');
    const evaluated = makeStudy(
      budget,
      'quick',
      [
        run('train-2', 1, 2, 2, null),
        run('train-2-evaluate-8', 1, 2, 2, null),
        run('train-4-evaluate-8', 1, 4, 4, null),
      ],
      provenance,
    );
    const map = writeReport(evaluated).plots.get('trained-and-evaluated-short.svg') ?? '';
    expect(map.match(/>40%</g)?.length).toBe(2);
    expect(map).toContain('context of 78 tokens');
  });
});
