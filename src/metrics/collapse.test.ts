import { describe, expect, it } from 'vitest';
import { CollapseDetector, collapseThreshold } from './collapse.ts';

const rule = { share: 0.3, calls: 2, patience: 10 };

function alarmRound(densities: readonly number[]): number | null {
  const detector = new CollapseDetector(rule);
  densities.forEach((density, i) => detector.observe(i + 1, density));
  return detector.alarm?.round ?? null;
}

describe('the collapse alarm', () => {
  it('goes off once the moving average has been in the zone for the patience, and not before', () => {
    const rounds = alarmRound([5, ...new Array<number>(30).fill(0)]);
    // 5 * 0.7^n < 2 from the third zero on (1.715): rounds 4 to 13 are the ten in a row.
    expect(rounds).toBe(13);
    expect(alarmRound([5, ...new Array<number>(11).fill(0)])).toBeNull();
  });

  it('never goes off while density holds', () => {
    expect(alarmRound(new Array<number>(100).fill(5))).toBeNull();
  });

  it('forgives a short dip', () => {
    const dip = [5, ...new Array<number>(6).fill(0), ...new Array<number>(60).fill(5)];
    expect(alarmRound(dip)).toBeNull();
  });

  it('compares a sparse start with its own density, not with two calls', () => {
    expect(collapseThreshold(rule, 1.2)).toBeCloseTo(0.36);
    expect(alarmRound(new Array<number>(50).fill(1.2))).toBeNull();
    expect(alarmRound([1.2, ...new Array<number>(50).fill(0.05)])).not.toBeNull();
  });

  it('keeps the first alarm', () => {
    const detector = new CollapseDetector(rule);
    const alarms = [5, ...new Array<number>(40).fill(0)].map((density, i) =>
      detector.observe(i + 1, density),
    );
    expect(alarms.filter((alarm) => alarm !== null)).toHaveLength(1);
    expect(detector.alarm?.round).toBe(13);
  });
});
