import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { MetricValues } from '../metrics/registry.ts';
import { MetricSeries } from './metricSeries.ts';

const mean = 'tool_use/avg_tool_calls_per_trajectory';

describe('MetricSeries', () => {
  it('draws every row while they are few', () => {
    const series = new MetricSeries();
    for (let x = 1; x <= 300; x++) series.append(x, { 'train/loss': 1 / x });
    const points = series.points();
    expect(points).toHaveLength(300);
    expect(points[9]).toEqual({ x: 10, 'train/loss': 0.1 });
  });

  it('never draws more than its limit, and keeps order and the whole range', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 900 }), fc.integer({ min: 4, max: 50 }), (rows, limit) => {
        const series = new MetricSeries(limit);
        for (let x = 0; x < rows; x++) series.append(x, { 'train/loss': Math.sin(x) });
        const xs = series.points().map((point) => point.x);
        expect(xs.length).toBeLessThanOrEqual(limit);
        expect(xs).toEqual([...xs].sort((a, b) => a - b));
        expect(xs[0]).toBe(0);
        expect(xs.at(-1)).toBe(rows - 1);
      }),
      { numRuns: 60 },
    );
  });

  it('keeps every spike, up and down', () => {
    const series = new MetricSeries();
    for (let x = 0; x < 10_000; x++) {
      series.append(x, { 'actor/grad_norm': x === 4321 ? 99 : x === 8765 ? -7 : 1, 'actor/entropy': 0.5 });
    }
    const norms = series.points().map((point) => point['actor/grad_norm']);
    expect(Math.max(...norms.map(Number))).toBe(99);
    expect(Math.min(...norms.map(Number))).toBe(-7);
    const spike = series.points().find((point) => point['actor/grad_norm'] === 99);
    expect(Math.abs((spike?.x ?? 0) - 4321)).toBeLessThan(128);
  });

  it('keeps each metric’s extremes, whatever comes', () => {
    const values = fc.array(fc.option(fc.integer({ min: -1000, max: 1000 }), { nil: undefined }), {
      minLength: 1,
      maxLength: 400,
    });
    fc.assert(
      fc.property(values, (rows) => {
        const series = new MetricSeries(20);
        rows.forEach((value, x) => series.append(x, value === undefined ? {} : { 'actor/entropy': value }));
        const seen = rows.filter((value) => value !== undefined);
        const drawn = series.points().flatMap((point) => point['actor/entropy'] ?? []);
        expect(drawn.length > 0).toBe(seen.length > 0);
        if (seen.length === 0) return;
        expect(Math.max(...drawn)).toBe(Math.max(...seen));
        expect(Math.min(...drawn)).toBe(Math.min(...seen));
      }),
      { numRuns: 100 },
    );
  });

  it('never draws the 25th percentile above the 75th', () => {
    const series = new MetricSeries(10);
    for (let x = 0; x < 500; x++) {
      const low = x % 7;
      // The 75th percentile falls while the 25th rises.
      series.append(x, { 'tool_use/p25': low, [mean]: low + 1, 'tool_use/p75': 14 - low });
    }
    for (const point of series.points()) {
      expect(point['tool_use/p25']).toBeLessThanOrEqual(point['tool_use/p75'] ?? -1);
    }
  });

  it('leaves out what is no number', () => {
    const series = new MetricSeries();
    series.append(1, { 'train/loss': NaN, 'actor/entropy': Infinity, 'train/lr': 0.1 });
    expect(series.points()).toEqual([{ x: 1, 'train/lr': 0.1 }]);
  });

  it('gives back every row at full resolution, and the same picture from them', () => {
    const series = new MetricSeries();
    for (let x = 1; x <= 2000; x++) {
      const values: MetricValues = x % 3 === 0 ? { 'train/loss': x / 7, 'train/lr': x } : { 'train/lr': x };
      series.append(x, values);
    }
    const columns = series.columns();
    expect(columns.x).toHaveLength(2000);
    expect(columns.metrics['train/loss']?.slice(0, 4)).toEqual([null, null, 3 / 7, null]);
    const again = MetricSeries.from(columns);
    expect(again.columns()).toEqual(columns);
    expect(again.points()).toEqual(series.points());
  });
});
