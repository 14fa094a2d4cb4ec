import { describe, expect, it } from 'vitest';
import { CollapseDetector, collapseThreshold, startsSparse, type CollapseAlarm } from './collapse.ts';

const rule = { share: 0.3, calls: 2, patience: 10, sample: 256 };

/** The alarm on rounds of `trajectories` each, numbered from 1. */
function alarmOf(densities: readonly number[], trajectories = 256): CollapseAlarm | null {
  const detector = new CollapseDetector(rule);
  densities.forEach((density, i) => detector.observe(i + 1, density, trajectories));
  return detector.alarm;
}

const alarmRound = (densities: readonly number[]) => alarmOf(densities)?.round ?? null;

describe('the collapse alarm', () => {
  it('goes off once the moving average has been in the zone for the patience, and not before', () => {
    // 5 * 0.7^n < 2 from the third zero on (1.715): rounds 4 to 13 are the ten in a row.
    const alarm = alarmOf([5, ...new Array<number>(30).fill(0)]);
    expect(alarm).toMatchObject({ since: 4, round: 13 });
    expect(alarmRound([5, ...new Array<number>(11).fill(0)])).toBeNull();
  });

  it('counts from the last time that the average left the edge', () => {
    const dip = [5, 0, 0, 0, 0, ...new Array<number>(6).fill(5), ...new Array<number>(20).fill(0)];
    const alarm = alarmOf(dip);
    expect(alarm?.since).toBeGreaterThan(11);
    expect(alarm?.round).toBe((alarm?.since ?? 0) + 9);
  });

  it('never goes off while density holds', () => {
    expect(alarmRound(new Array<number>(100).fill(5))).toBeNull();
  });

  it('forgives a short dip', () => {
    const dip = [5, ...new Array<number>(6).fill(0), ...new Array<number>(60).fill(5)];
    expect(alarmRound(dip)).toBeNull();
  });

  it('compares a sparse start with its own density, not with two calls, and can say that it starts sparse', () => {
    expect(collapseThreshold(rule, 1.2)).toBeCloseTo(0.36);
    expect(alarmRound(new Array<number>(50).fill(1.2))).toBeNull();
    expect(alarmRound([1.2, ...new Array<number>(50).fill(0.05)])).not.toBeNull();
    expect([0.86, 2, 2.1].map((reference) => startsSparse(rule, reference))).toEqual([true, true, false]);
  });

  it('takes the floor of two calls only where the cold start was well above it', () => {
    expect(collapseThreshold(rule, 2.1)).toBeCloseTo(0.63);
    expect(collapseThreshold(rule, 4)).toBe(2);
    expect(collapseThreshold(rule, 9)).toBeCloseTo(2.7);
  });

  it('has nothing to tell of a cold start that hardly calls', () => {
    expect(collapseThreshold(rule, 0.2)).toBe(0);
    expect(alarmRound([0.2, ...new Array<number>(50).fill(0)])).toBeNull();
    expect(alarmRound([0.3, ...new Array<number>(50).fill(0)])).not.toBeNull();
  });

  it('measures its reference on as many trajectories as the rule asks for', () => {
    const detector = new CollapseDetector(rule);
    detector.observe(1, 1, 64);
    detector.observe(2, 2, 128);
    expect([detector.reference, detector.referenceSample]).toEqual([null, 192]);
    detector.observe(3, 4, 64);
    expect([detector.reference, detector.referenceSample]).toEqual([2.25, 256]);
  });

  it('goes on from its memory as if it had never stopped', () => {
    const densities = [3, 5, 4, ...new Array<number>(30).fill(0)];
    for (const stop of [1, 2, 5, 9]) {
      const first = new CollapseDetector(rule);
      densities.slice(0, stop).forEach((density, i) => first.observe(i + 1, density, 100));
      const second = new CollapseDetector(rule, structuredClone(first.memory));
      densities.slice(stop).forEach((density, i) => second.observe(stop + i + 1, density, 100));
      expect(second.alarm).not.toBeNull();
      expect(second.alarm).toEqual(alarmOf(densities, 100));
    }
  });

  it('keeps the first alarm', () => {
    const detector = new CollapseDetector(rule);
    const alarms = [5, ...new Array<number>(40).fill(0)].map((density, i) =>
      detector.observe(i + 1, density, 256),
    );
    expect(alarms.filter((alarm) => alarm !== null)).toHaveLength(1);
    expect(detector.alarm?.round).toBe(13);
  });
});
