import { describe, expect, it } from 'vitest';
import { bandOf, runLine, seedLines, stageStarts, studyLines, studyRows } from './compare.ts';
import { exampleStudy, exampleStudyRun } from './testing/exampleStudy.ts';

const density = 'tool_use/avg_tool_calls_per_trajectory';

describe('the lines of a study', () => {
  it('are means over seeds with the smallest and the largest, one for each variant that learned', () => {
    const lines = studyLines(exampleStudy(), density);
    expect(lines.map(({ name }) => name)).toEqual(['sparse', 'dense']);
    expect(lines[0]?.points[0]).toEqual({ x: 9, mean: 1.5, min: 1, max: 2, seeds: 2 });
    expect(lines[0]?.points).toHaveLength(12);
    // Each seed by itself, in the same rounds.
    expect(lines[0]?.seeds.map(({ seed, points }) => [seed, points[0]])).toEqual([
      [1, { x: 9, y: 1 }],
      [2, { x: 9, y: 2 }],
    ]);
    expect(lines[1]?.points.at(-1)).toEqual({ x: 20, mean: 4, min: 4, max: 4, seeds: 1 });
  });

  it('leave out what was not measured, and say how many seeds reached a round', () => {
    const whole = exampleStudyRun('sparse', 1, [3, 3, 3]);
    const short = exampleStudyRun('sparse', 2, [1, null]);
    expect(bandOf(seedLines([whole, short], density))).toEqual([
      { x: 9, mean: 2, min: 1, max: 3, seeds: 2 },
      { x: 10, mean: 3, min: 3, max: 3, seeds: 1 },
      { x: 11, mean: 3, min: 3, max: 3, seeds: 1 },
    ]);
    expect(bandOf(seedLines([whole], 'tool_use/post_hoc_ratio'))).toEqual([]);
  });

  it('can have this run beside them', () => {
    const rounds = [{ x: 1, [density]: 2.5 }, { x: 2 }, { x: 3, [density]: 0 }];
    expect(runLine(rounds, density).map(({ x, mean }) => [x, mean])).toEqual([
      [1, 2.5],
      [3, 0],
    ]);
  });

  it('know where the stages begin, and for which variants where these differ', () => {
    const study = exampleStudy();
    expect(stageStarts(study, ['sparse', 'dense'])).toEqual([
      { stage: 1, round: 9, variants: [] },
      { stage: 2, round: 15, variants: [] },
    ]);
    const later = { ...exampleStudyRun('dense', 2, [4]), stage1: 5 };
    expect(stageStarts({ ...study, runs: [...study.runs, later] }, ['dense'])).toEqual([
      { stage: 1, round: 5, variants: ['dense'] },
      { stage: 1, round: 9, variants: ['dense'] },
      { stage: 2, round: 15, variants: [] },
    ]);
    expect(stageStarts(study, [])).toEqual([]);
  });
});

describe('the table of a study', () => {
  const [sparse, dense, evaluated] = studyRows(exampleStudy());

  it('has calls before and after, their spread, and the alarms', () => {
    expect(sparse).toMatchObject({
      runs: 2,
      firstCalls: { mean: 1.5, min: 1, max: 2 },
      endCalls: { mean: 0.375, min: 0.25, max: 0.5 },
      atMost2: { mean: 1 },
      kept: null, // this example has no benchmark under the long budget before GRPO
      alarm: { fired: 1, of: 2, rounds: [17] },
      minutes: { mean: 1.5, min: 1, max: 2 },
    });
    expect(dense?.endCalls).toMatchObject({ mean: 4, seeds: 1 });
    expect(dense?.alarm).toEqual({ fired: 0, of: 1, rounds: [] });
  });

  it('has accuracy before and after on every benchmark; a dash where there is none', () => {
    expect(sparse?.accuracy.short.map(({ benchmark }) => benchmark)).toEqual(['inRange', 'longer', 'harder']);
    expect(sparse?.accuracy.short[0]).toMatchObject({ before: { mean: 0.2 }, after: { mean: 0.4 } });
    expect(sparse?.accuracy.short[1]).toEqual({ benchmark: 'longer', before: null, after: null });
  });

  it('keeps variants that only evaluate, whose alarm had nothing to watch', () => {
    expect(evaluated).toMatchObject({ name: 'evaluated', firstCalls: null, endCalls: null });
    expect(evaluated?.alarm).toEqual({ fired: 0, of: 0, rounds: [] });
    expect(evaluated?.accuracy.short[0]?.after).toMatchObject({ mean: 0.4 });
  });
});
