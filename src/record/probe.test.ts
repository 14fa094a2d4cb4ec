import { describe, expect, it } from 'vitest';
import { arms, withChanges } from '../recipes/arms.ts';
import { presets } from '../recipes/presets.ts';
import { heldOutProbe } from '../train/probe.ts';
import {
  probeAt,
  probeHistory,
  probeRoundsKept,
  probeSchema,
  probeUpTo,
  readProbe,
  withProbeRound,
  writeProbe,
  type ProbeView,
} from './probe.ts';
import { exampleProbe } from './testing/exampleProbe.ts';
import { TrajectoryReader, TrajectoryWriter } from './trajectoryFile.ts';

const calls = (probe: ProbeView) =>
  probe.rounds.map(({ trajectories }) => trajectories.reduce((sum, one) => sum + one.calls.length, 0));

function reread(probe: ProbeView): ProbeView {
  const writer = new TrajectoryWriter();
  const row: unknown = JSON.parse(JSON.stringify(writeProbe(probe, writer)));
  return readProbe(probeSchema.parse(row), new TrajectoryReader(writer.problems));
}

describe('the probe', () => {
  it('asks the same problems in both arms, of which one gives up its calls', () => {
    const [sparse, dense] = [exampleProbe('sparse'), exampleProbe('dense')];
    expect(dense.problems).toEqual(sparse.problems);
    expect(calls(sparse)[0]).toBeGreaterThan(8);
    expect(calls(sparse).at(-1)).toBe(0);
    expect(Math.min(...calls(dense))).toBeGreaterThan(8);
    expect(exampleProbe('sparse')).toEqual(sparse);
  });

  it('asks the same of every arm of a preset', () => {
    for (const { settings } of presets) {
      const problems = heldOutProbe(settings);
      expect(problems.length).toBeGreaterThan(3);
      for (const { changes } of arms) expect(heldOutProbe(withChanges(settings, changes))).toEqual(problems);
    }
  });

  it('tells what had been asked at a round, and how one problem went', () => {
    const probe = exampleProbe('sparse');
    expect(probeAt(probe, 7)).toBeNull();
    expect(probeAt(probe, 12)?.round).toBe(12);
    expect(probeAt(probe, 99)?.round).toBe(28);
    expect(probeUpTo(probe, 7)).toBeNull();
    expect(probeUpTo(probe, 12)?.rounds.map(({ round }) => round)).toEqual([8, 9, 10, 11, 12]);
    const history = probeHistory(probe, 2);
    expect(history).toHaveLength(21);
    expect(history.every(({ trajectory }) => trajectory.problem === probe.problems[2])).toBe(true);
    expect(probeHistory(probe, 4)).toEqual([]);
  });

  it('is bounded: first and newest rounds stay', () => {
    const [first] = exampleProbe('dense').rounds;
    if (first === undefined) throw new Error('No round.');
    let probe: ProbeView | null = null;
    for (let round = 0; round < 1000; round++) probe = withProbeRound(probe, { ...first, round });
    const rounds = probe?.rounds.map(({ round }) => round) ?? [];
    expect(rounds.length).toBeLessThanOrEqual(probeRoundsKept);
    expect(rounds.length).toBeGreaterThan(probeRoundsKept / 4);
    expect(rounds[0]).toBe(0);
    expect(rounds.at(-1)).toBe(999);
  });

  it('comes back from a file: the same tokens, and log-probabilities to three digits, from then on unchanged', () => {
    const probe = exampleProbe('sparse');
    const once = reread(probe);
    expect(once.problems).toEqual(probe.problems);
    once.rounds.forEach(({ trajectories }, r) =>
      trajectories.forEach(({ logProbs, ...rest }, i) => {
        const { logProbs: exact, ...other } = probe.rounds[r]!.trajectories[i]!;
        expect(rest).toEqual(other);
        logProbs.forEach((value, t) => expect(value).toBeCloseTo(exact[t]!, 2));
      }),
    );
    expect(reread(once)).toEqual(once);
  });

  it('refuses a file whose rounds contradict each other, and one that is too large', () => {
    const writer = new TrajectoryWriter();
    const { rounds } = writeProbe(exampleProbe('dense'), writer);
    const reader = new TrajectoryReader(writer.problems);
    expect(() => readProbe({ rounds: rounds.toReversed() }, reader)).toThrow('out of order');
    const [first, ...later] = rounds;
    if (first === undefined) throw new Error('No round.');
    const other = { ...first, trajectories: first.trajectories.toReversed() };
    expect(() => readProbe({ rounds: [other, ...later] }, reader)).toThrow('same problems');
    expect(probeSchema.safeParse({ rounds: [] }).success).toBe(false);
    expect(probeSchema.safeParse({ rounds: new Array(300).fill(first) }).success).toBe(false);
    const long = first.trajectories.map((one) => ({ ...one, tokens: new Array<number>(2049).fill(9) }));
    expect(probeSchema.safeParse({ rounds: [{ ...first, trajectories: long }] }).success).toBe(false);
  });
});
