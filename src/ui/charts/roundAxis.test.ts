import { describe, expect, it } from 'vitest';
import { presetSettings } from '../../recipes/presets.ts';
import { idleRun } from '../testing/lab.tsx';
import {
  axisTicks,
  axisTop,
  lastPlannedRound,
  phaseAt,
  phaseSpans,
  phaseStarts,
  spanLabel,
} from './roundAxis.ts';

const settings = presetSettings('quick'); // 4 probes, 20 and 30 steps

describe('the rounds axis', () => {
  it('covers the whole plan before a run', () => {
    const spans = phaseSpans(settings, '', 0);
    expect(spans.map(({ name, from, to, begun }) => [name, from, to, begun])).toEqual([
      ['sft', 0, 4, false],
      ['stage1', 4, 24, false],
      ['stage2', 24, 54, false],
    ]);
    expect(lastPlannedRound(spans)).toBe(54);
  });

  it('puts phases where they really began, and grows with the data', () => {
    const spans = phaseSpans(settings, 'sft:0 stage1:9', 120);
    expect(spans.map(({ from, to, begun }) => [from, to, begun])).toEqual([
      [0, 9, true],
      [9, 29, true],
      [29, 120, false],
    ]);
    expect(phaseAt(spans, 10)?.name).toBe('stage1');
    expect(phaseAt(spans, 9)?.name).toBe('sft');
  });

  it('leaves out a phase without rounds, but never has an empty axis', () => {
    const none = {
      ...settings,
      sft: { ...settings.sft, probes: 0 },
      stage2: { ...settings.stage2, steps: 0 },
    };
    expect(phaseSpans(none, '', 0).map(({ name }) => name)).toEqual(['stage1']);
    const nothing = { ...none, stage1: { ...none.stage1, steps: 0 } };
    expect(lastPlannedRound(phaseSpans(nothing, '', 0))).toBe(1);
  });

  it('names a phase as far as there is room, and not into the next one', () => {
    const [sft, stage1, stage2] = phaseSpans(settings, '', 0);
    if (sft === undefined || stage1 === undefined || stage2 === undefined) throw new Error('Three phases.');
    expect([200, 60, 10].map((room) => spanLabel(sft, room))).toEqual(['Cold start', 'SFT', '']);
    expect([90, 60, 20, 5].map((room) => spanLabel(stage1, room))).toEqual([
      ...['GRPO stage 1', 'Stage 1', '1', ''],
    ]);
    expect([400, 180, 120, 30].map((room) => spanLabel(stage2, room))).toEqual([
      'GRPO stage 2 · longer problems: 4–6 steps',
      'GRPO stage 2 ↗ 4–6 steps',
      'GRPO stage 2 ↗',
      '2 ↗',
    ]);
  });

  it('reads the starts off the state as one comparable string', () => {
    expect(phaseStarts(idleRun)).toBe('');
    const phases = idleRun.phases.map((phase) =>
      phase.name === 'sft' ? { ...phase, status: 'active' as const, round: 0 } : phase,
    );
    expect(phaseStarts({ ...idleRun, phases })).toBe('sft:0');
  });

  it('puts ticks at plain numbers, from 0 to the top', () => {
    expect(axisTicks(3)).toEqual([0, 1, 2, 3]);
    expect(axisTicks(8)).toEqual([0, 2, 4, 6, 8]);
    expect(axisTicks(1.5)).toEqual([0, 0.5, 1, 1.5]);
    for (const value of [0.05, 0.3, 1, 2.5, 7, 13, 33, 77, 140, 999]) {
      const top = axisTop(value, 0.1);
      const ticks = axisTicks(top);
      expect(ticks[0]).toBe(0);
      expect(ticks.at(-1)).toBeCloseTo(top);
      expect(ticks.length).toBeLessThanOrEqual(6);
    }
  });

  it('chooses an axis top that holds the value and moves rarely', () => {
    expect(axisTop(0, 4)).toBe(4);
    expect(axisTop(5.5, 4)).toBe(6);
    expect(axisTop(5.9, 4)).toBe(8);
    expect(axisTop(999, 4)).toBeGreaterThanOrEqual(999);
  });
});
