import { describe, expect, it } from 'vitest';
import { saveInterval, SavingClock } from './saving.ts';

const phase = (name: 'sft' | 'stage1' | 'evaluation', total: number) =>
  ({ type: 'phase', phase: name, total, unit: 'steps', round: 0 }) as const;
const progress = (name: 'sft' | 'stage1' | 'evaluation', done: number) =>
  ({ type: 'progress', phase: name, done }) as const;

describe('when a run is saved', () => {
  it('waits for its interval', () => {
    const clock = new SavingClock(1000);
    clock.note([phase('sft', 100), progress('sft', 1)]);
    expect(clock.isDue(1000 + saveInterval - 1)).toBe(false);
    expect(clock.isDue(1000 + saveInterval)).toBe(true);
    clock.saved(17_000, 17_010);
    expect(clock.isDue(17_010 + saveInterval - 1)).toBe(false);
    expect(clock.isDue(17_010 + saveInterval)).toBe(true);
  });

  it('takes at most a twentieth of the time when a checkpoint is dear, a quarter at a landmark', () => {
    const clock = new SavingClock(0);
    clock.saved(0, 3000);
    clock.note([phase('stage1', 4), progress('stage1', 2)]);
    expect(clock.isDue(62_999)).toBe(false);
    expect(clock.isDue(63_000)).toBe(true);
    clock.note([progress('stage1', 1)]);
    expect(clock.isDue(14_999)).toBe(false);
    expect(clock.isDue(15_000)).toBe(true);
    clock.note([progress('stage1', 4)]);
    expect(clock.isDue(15_000)).toBe(true);
  });

  it('saves the end of the run however dear it is', () => {
    const clock = new SavingClock(0);
    clock.saved(0, 3000);
    clock.note([phase('evaluation', 6), progress('evaluation', 5)]);
    expect(clock.isDue(3001)).toBe(false);
    clock.note([progress('evaluation', 6)]);
    expect(clock.isDue(3002)).toBe(true);
    clock.saved(3002, 6000);
    expect(clock.isDue(6001)).toBe(false);
  });

  it('does not wait at a stage’s first step and at a phase’s last one, once each', () => {
    const clock = new SavingClock(0);
    clock.note([phase('sft', 3)]);
    clock.note([progress('sft', 1)]);
    expect(clock.isDue(1)).toBe(false);
    clock.note([progress('sft', 3)]);
    clock.note([]); // a probe lies between the step and the tick that can be resumed from
    expect(clock.isDue(2)).toBe(true);
    clock.saved(2, 3);
    expect(clock.isDue(4)).toBe(false);
    clock.note([phase('stage1', 40), progress('stage1', 1)]);
    expect(clock.isDue(5)).toBe(true);
    clock.saved(5, 6);
    clock.note([progress('stage1', 2)]);
    expect(clock.isDue(7)).toBe(false);
  });
});
