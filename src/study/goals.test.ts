import { describe, expect, it } from 'vitest';
import { verdicts } from './goals.ts';
import type { StudyRun } from './study.ts';
import { exampleStudyRun } from './testing/exampleStudy.ts';

interface Measured {
  readonly before: readonly [accuracy: number, calls: number];
  readonly after: readonly [accuracy: number, calls: number];
  readonly rewards?: readonly number[];
  readonly alarm?: StudyRun['alarm'];
}

/** A run whose rounds have these calls: six of stage 1, then stage 2; evaluated at two temperatures. */
function run(
  variant: string,
  calls: readonly number[],
  { before, after, rewards, alarm }: Measured,
): StudyRun {
  const example = exampleStudyRun(variant, 1, calls);
  const one = example.benchmarks[0]!;
  const result = (
    phase: 'baseline' | 'evaluation',
    temperature: number,
    [meanAtK, toolCalls]: readonly number[],
  ) => ({
    ...one,
    ...{ phase, temperature, budget: 'long' as const, meanAtK: meanAtK!, toolCalls: toolCalls! },
  });
  return {
    ...example,
    alarm: alarm ?? null,
    stage2: 9 + 10,
    rounds: {
      ...example.rounds,
      metrics: {
        ...example.rounds.metrics,
        ...(rewards === undefined ? {} : { 'critic/score/mean': [...rewards] }),
      },
    },
    benchmarks: [
      // The paper's temperature comes first and must not be what is judged.
      ...[result('baseline', 0.6, [0, 0]), result('evaluation', 0.6, [0, 0])],
      ...[result('baseline', 1, before), result('evaluation', 1, after)],
    ],
  };
}

const flat = (calls: number, rounds = 20) => new Array<number>(rounds).fill(calls);
const met = (of: readonly { readonly isMet: boolean | null }[]) => of.map(({ isMet }) => isMet);

describe('goal a, the dense arm', () => {
  it('is met by a rise of 15 points to 90% with the calls kept, and no alarm', () => {
    const good = run('dense', flat(9), { before: [0.7, 8], after: [0.92, 10] });
    expect(verdicts(good, undefined).map(({ measured }) => measured)).toEqual([
      ...['+22.0 points', '92.0%', '125.0%', 'silent'],
    ]);
    expect(met(verdicts(good, undefined))).toEqual([true, true, true, true]);
  });

  it('is missed, part by part', () => {
    const alarm = { round: 30, since: 21, density: 1 };
    const bad = run('dense', flat(9), { before: [0.7, 8], after: [0.8, 7], alarm });
    expect(met(verdicts(bad, undefined))).toEqual([false, false, false, false]);
    expect(verdicts(bad, undefined)[3]?.measured).toBe('left the edge at round 21, confirmed at 30');
  });
});

describe('goal b, the sparse arm', () => {
  const rival = run('dense', flat(9), { before: [0.5, 8], after: [0.9, 10] });
  const rewards = [...flat(0.1, 5), ...flat(0.3, 15)];
  const alarm = { round: 30, since: 21, density: 0.1 };
  const measured = { before: [0.4, 1] as const, after: [0.35, 0.1] as const, rewards, alarm };

  it('is met by calls that fall and stay away, an alarm, a rising reward and a distance to the dense arm', () => {
    const good = run('sparse', [...flat(1, 5), ...flat(0.1, 15)], measured);
    expect(met(verdicts(good, rival))).toEqual([true, true, true, true, true]);
  });

  it('is missed where the calls come back in stage 2 for a while, though they end low', () => {
    const back = run('sparse', [...flat(0.1, 12), ...flat(0.8, 5), ...flat(0.1, 3)], measured);
    expect(met(verdicts(back, rival)).slice(0, 2)).toEqual([true, false]);
    expect(verdicts(back, rival)[1]?.measured).toBe('80.0%');
  });

  it('is not judged on what was not measured', () => {
    const alone = { ...run('sparse', flat(0.1, 4), measured), reference: null, stage2: null, benchmarks: [] };
    expect(met(verdicts(alone, undefined))).toEqual([null, null, null, null, null]);
  });

  it('says nothing of other variants', () => {
    expect(verdicts(run('zero', flat(1), measured), rival)).toEqual([]);
  });
});
