import { describe, expect, it } from 'vitest';
import { exampleEvents } from '../record/testing/exampleRun.ts';
import { emptyRun, reduceRun } from '../record/runView.ts';
import { defaultSettings } from '../train/settings.ts';
import { curvePoint, metricLine, StepAxis, stepsBehind } from './metricLines.ts';
import { crc32c, eventFileHead, eventRecord } from './tfevents.ts';

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');

describe('lines of metrics', () => {
  const axis = new StepAxis(defaultSettings);
  const lines = exampleEvents().flatMap((event, i) => metricLine(event, axis, i, 1000 + i) ?? []);

  it('are flat, on one axis that never goes back, with time', () => {
    for (const line of lines)
      for (const [name, value] of Object.entries(line))
        expect(typeof value !== 'object' || Array.isArray(value), name).toBe(true);
    const steps = lines.map(({ step }) => step);
    expect(steps).toEqual([...steps].sort((a, b) => a - b));
    expect(lines.filter(({ type }) => type === 'round').map(({ step }) => step)).toEqual(
      Array.from({ length: 12 }, (_, i) => 4 + i), // after three steps of the cold start
    );
    expect(lines.find(({ type }) => type === 'benchmark')).toMatchObject({
      'val-core/longer/long/acc/mean@4': 0.75,
      step: 15,
    });
    expect(lines[0]).toMatchObject({ seconds: 0, time: 1000 });
  });

  it('go on where a run was stopped', () => {
    const view = exampleEvents().reduce(
      (sofar, event) => reduceRun(sofar, event, defaultSettings, 0),
      emptyRun(defaultSettings),
    );
    expect(stepsBehind(view.phases)).toEqual({ coldStart: 3, rounds: 12 });
    const again = new StepAxis(defaultSettings, stepsBehind(view.phases));
    expect(again.step).toBe(lines.at(-1)?.step);
    const round = {
      type: 'round',
      phase: 'stage2',
      round: 13,
      step: 1,
      values: {},
      callCounts: [1],
    } as const;
    expect(metricLine(round, again, 0, 0)?.step).toBe(3 + defaultSettings.stage1.steps + 1);
  });

  it('have points to draw: metrics and histograms, and nothing else', () => {
    const round = lines.find(({ type }) => type === 'round');
    expect(curvePoint(round ?? {})).toEqual({
      step: 4,
      time: round?.['time'],
      values: {
        'tool_use/avg_tool_calls_per_trajectory': 5,
        'critic/score/mean': 1 / 12,
        call_counts: [11, 1],
      },
    });
    expect(curvePoint({ type: 'checkpoint', name: 'x', round: 3, step: 4, seconds: 5, time: 6 })).toBeNull();
  });
});

describe('TensorBoard’s event file', () => {
  it('has the checksums of RFC 3720', () => {
    expect(crc32c(new TextEncoder().encode('123456789'))).toBe(0xe3069283);
    expect(crc32c(new Uint8Array(32))).toBe(0x8a9136aa);
  });

  it('is the bytes that TensorBoard read', () => {
    // Read back by tensorboard 2.21 (src/export/python/check_curves.py checks whole files).
    expect(hex(eventFileHead(1))).toBe(
      '1800000000000000a37f4b2209000000000000f03f1a0d627261696e2e4576656e743a3286bf577a',
    );
    expect(hex(eventRecord({ step: 300, time: 2, values: { a: 0.5 } })).slice(24, -8)).toBe(
      '09000000000000004010ac022a0a0a080a01611500 00003f'.replace(' ', ''),
    );
  });
});
