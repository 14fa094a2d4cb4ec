/** Problem sets: reproducible, indexable, and held out by construction. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { benchmarkNames, benchmarkProblems, isHeldOut, trainProblem } from './problems.ts';
import { chainTask, hornerTask, microTask, recurrenceTask } from './testing/teacher.ts';

const lengths = { min: 4, max: 8 };

describe('problem sets', () => {
  it('never trains on a held-out question, and holds out about one in ten', () => {
    // Short chains of small values have few questions, so a leak would show as a repeated text.
    const few = { ...microTask, valueMax: 12, firstLetter: 'a' as const };
    for (const task of [few, microTask, chainTask, recurrenceTask, hornerTask]) {
      const short = { min: 2, max: 3 };
      const trained = new Set(
        Array.from({ length: 3000 }, (_, i) => trainProblem(task, short, 'stage-1', 1, i).question),
      );
      for (const name of benchmarkNames) {
        for (const problem of benchmarkProblems(task, short, name, 1, 50)) {
          expect(trained.has(problem.question)).toBe(false);
          expect(isHeldOut(problem.question)).toBe(true);
        }
      }
      expect([...trained].some(isHeldOut)).toBe(false);
    }
    const share = Array.from({ length: 20_000 }, (_, i) => isHeldOut(`${i} a+${i % 7} `)).filter(
      Boolean,
    ).length;
    expect(share).toBeGreaterThan(1800);
    expect(share).toBeLessThan(2200);
  });

  it('would repeat questions across the two sets without the split', () => {
    // The test above means something only where training covers much of the question space.
    const tiny = { ...microTask, valueMax: 12, firstLetter: 'a' as const };
    const questions = Array.from({ length: 3000 }, (_, i) =>
      trainProblem(tiny, { min: 1, max: 1 }, 'stage-1', 1, i),
    ).map((problem) => problem.question);
    expect(new Set(questions).size).toBeLessThan(200);
  });

  it('gives the same problem for the same index, whatever else was drawn', () => {
    fc.assert(
      fc.property(fc.nat(1e6), fc.nat(1e6), (seed, index) => {
        const problem = trainProblem(chainTask, lengths, 'stage-1', seed, index);
        expect(trainProblem(chainTask, lengths, 'stage-1', seed, index)).toEqual(problem);
        expect(problem.steps.length).toBeGreaterThanOrEqual(lengths.min);
        expect(problem.steps.length).toBeLessThanOrEqual(lengths.max);
        expect(trainProblem(chainTask, lengths, 'stage-2', seed, index).question).not.toBe(problem.question);
      }),
      { numRuns: 50 },
    );
  });

  it('builds benchmarks of different questions with the lengths they promise', () => {
    for (const name of benchmarkNames) {
      const problems = benchmarkProblems(chainTask, lengths, name, 7, 60);
      expect(new Set(problems.map((problem) => problem.question)).size).toBe(60);
      expect(new Set(problems.map((problem) => problem.id)).size).toBe(60);
      const steps = problems.map((problem) => problem.steps.length);
      expect([Math.min(...steps), Math.max(...steps)]).toEqual(name === 'longer' ? [9, 10] : [4, 8]);
      expect(benchmarkProblems(chainTask, lengths, name, 7, 60)).toEqual(problems);
      expect(benchmarkProblems(chainTask, lengths, name, 8, 60)).not.toEqual(problems);
    }
  });

  it('says so when there are fewer held-out questions than asked for', () => {
    const tiny = { ...microTask, valueMax: 12, firstLetter: 'a' as const };
    expect(() => benchmarkProblems(tiny, { min: 1, max: 1 }, 'inRange', 1, 500)).toThrow(
      /only \d+ different questions/,
    );
  });
});
