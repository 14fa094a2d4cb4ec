import { describe, expect, it } from 'vitest';
import {
  formatCount,
  formatDelta,
  formatDuration,
  formatMetric,
  formatNumber,
  formatPoints,
  formatShare,
  missing,
  plural,
} from './format.ts';

describe('numbers as people read them', () => {
  it('shows what is missing as missing, never as 0 or NaN', () => {
    for (const nothing of [undefined, null, NaN, Infinity]) {
      expect(formatNumber(nothing)).toBe(missing);
      expect(formatShare(nothing)).toBe(missing);
      expect(formatDuration(nothing)).toBe(missing);
      expect(formatCount(nothing)).toBe(missing);
      expect(formatMetric(nothing, 'tokens')).toBe(missing);
    }
  });

  it('gives a number the decimals its size deserves', () => {
    expect([4.847, 12.34, 123.4, 18_400.2, 0.0092, 0.0004, 5, 0].map(formatNumber)).toEqual([
      '4.85',
      '12.3',
      '123',
      '18,400',
      '0.009',
      '4.0e-4',
      '5',
      '0',
    ]);
  });

  it('gives calls two decimals, so that they can be compared', () => {
    expect([0, 1, 4.847, 12].map((calls) => formatMetric(calls, 'calls'))).toEqual([
      '0.00',
      '1.00',
      '4.85',
      '12.00',
    ]);
  });

  it('says shares in percent, finely where they are small', () => {
    expect([0, 0.004, 0.68, 1].map(formatShare)).toEqual(['0%', '0.4%', '68%', '100%']);
  });

  it('signs differences, and calls one that rounds to nothing nothing', () => {
    expect(formatDelta(0.4, formatNumber)).toBe('+0.40');
    expect(formatDelta(-1.3, formatNumber)).toBe('−1.30');
    expect(formatDelta(0.24, formatPoints)).toBe('+24 pts');
    expect(formatDelta(-0.0001, formatPoints)).toBe('±0');
    expect(formatDelta(0, formatNumber)).toBe('±0');
  });

  it('says durations coarsely', () => {
    expect([0.4, 59.4, 200, 3599, 7500].map(formatDuration)).toEqual([
      '0 s',
      '59 s',
      '3 min 20 s',
      '59 min',
      '2 h 5 min',
    ]);
  });

  it('counts', () => {
    expect([104_832, 2_300_000, 1500, 61].map(formatCount)).toEqual(['105k', '2.3M', '1.5k', '61']);
    expect([plural(1, 'call'), plural(3, 'call')]).toEqual(['1 call', '3 calls']);
  });
});
