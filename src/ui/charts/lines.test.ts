import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  bucketsFor,
  cut,
  decimated,
  logDomain,
  logTicks,
  nearest,
  rowsOf,
  smoothed,
  zoomedTo,
} from './lines.ts';

const line = (ys: readonly number[]) => ys.map((y, x) => ({ x, y }));
const values = fc.array(fc.double({ min: -100, max: 100, noNaN: true }), { minLength: 1, maxLength: 400 });

describe('smoothing', () => {
  it('leaves a line as it is at weight 0, and a level one at any', () => {
    const points = line([1, 5, 2]);
    expect(smoothed(points, 0)).toBe(points);
    for (const { y } of smoothed(line([3, 3, 3, 3]), 0.9)) expect(y).toBeCloseTo(3);
  });

  it('begins at the first value and follows a step', () => {
    const ys = smoothed(line([0, 0, 10, 10, 10]), 0.5).map(({ y }) => y);
    expect(ys[0]).toBe(0);
    expect(ys[2]).toBeCloseTo(10 * (0.5 / 0.875));
    expect(ys[4]).toBeGreaterThan(ys[3]!);
  });

  it('shows no level that was never measured', () => {
    fc.assert(
      fc.property(values, fc.double({ min: 0, max: 0.95, noNaN: true }), (ys, weight) => {
        const shown = smoothed(line(ys), weight).map(({ y }) => y);
        expect(Math.min(...shown)).toBeGreaterThanOrEqual(Math.min(...ys) - 1e-9);
        expect(Math.max(...shown)).toBeLessThanOrEqual(Math.max(...ys) + 1e-9);
      }),
    );
  });
});

describe('decimation', () => {
  it('keeps ends and extremes, in order, within its bound', () => {
    fc.assert(
      fc.property(values, fc.integer({ min: 2, max: 60 }), (ys, buckets) => {
        const points = line(ys);
        const kept = decimated(points, buckets);
        expect(kept.length).toBeLessThanOrEqual(2 * buckets + 2);
        expect(kept[0]).toBe(points[0]);
        expect(kept.at(-1)).toBe(points.at(-1));
        expect(Math.max(...kept.map(({ y }) => y))).toBe(Math.max(...ys));
        expect(Math.min(...kept.map(({ y }) => y))).toBe(Math.min(...ys));
        expect(kept.every((point, i) => i === 0 || point.x > kept[i - 1]!.x)).toBe(true);
      }),
    );
  });

  it('gives each of many lines less, and never too little to see a shape', () => {
    expect(bucketsFor(1, 170)).toBe(85);
    expect(bucketsFor(8, 760)).toBe(100);
    expect(bucketsFor(100, 760)).toBe(24);
  });
});

describe('what is shown', () => {
  it('keeps a neighbour on each side of a cut', () => {
    expect(cut(line([0, 1, 2, 3, 4, 5]), [1.5, 3.5]).map(({ x }) => x)).toEqual([1, 2, 3, 4]);
    expect(cut(line([0, 1, 2]), [0, 2])).toHaveLength(3);
    expect(cut(line([0, 1, 2]), [5, 9])).toEqual([]);
  });

  it('zooms inside the whole, never below the least, and back to all', () => {
    expect(zoomedTo(4, 2, [0, 10], 1)).toEqual([2, 4]);
    expect(zoomedTo(3, 3, [0, 10], 2)).toEqual([2, 4]);
    expect(zoomedTo(-5, 0.5, [0, 10], 2)).toEqual([0, 5.5]);
    expect(zoomedTo(-5, 20, [0, 10], 2)).toBeNull();
  });

  it('finds the nearest point', () => {
    const points = [0, 1, 4, 9].map((x) => ({ x }));
    expect([-1, 0.4, 0.6, 3, 6, 7, 99].map((x) => nearest(points, x)?.x)).toEqual([0, 0, 1, 4, 4, 9, 9]);
    expect(nearest([], 1)).toBeUndefined();
  });

  it('joins lines whose rounds are not the same', () => {
    const rows = rowsOf([
      {
        key: 'a',
        points: [
          { x: 2, y: 1 },
          { x: 1, y: 0 },
        ],
      },
      { key: 'b', points: [{ x: 2, y: 5 }] },
    ]);
    expect(rows).toEqual([
      { x: 1, a: 0 },
      { x: 2, a: 1, b: 5 },
    ]);
  });
});

describe('a logarithmic axis', () => {
  it('goes from a power of ten to a power of ten, around what is positive', () => {
    expect(logDomain([0, 0.02, 0.5])).toEqual([0.01, 1]);
    expect(logDomain([1])).toEqual([0.1, 1]);
    expect(logDomain([1e-20, 1])).toEqual([1e-8, 1]);
    expect(logDomain([0, -1])).toBeNull();
    expect(logTicks([0.001, 1])).toEqual([0.001, 0.01, 0.1, 1]);
    expect(logTicks([1e-8, 1]).length).toBeLessThanOrEqual(5);
  });
});
