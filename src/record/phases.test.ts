import { describe, expect, it } from 'vitest';
import {
  advancePhase,
  beginPhase,
  endPhases,
  phaseSecondsLeft,
  phaseViews,
  plannedPhases,
  runSecondsLeft,
  secondsPerUnit,
  type PhaseTrack,
} from './phases.ts';
import { defaultSettings, withSetting } from '../recipes/formModel.ts';

const phase = (name: PhaseTrack['name'], total: number) => ({ phase: name, total, unit: 'steps', round: 0 });
const find = (tracks: readonly PhaseTrack[], name: PhaseTrack['name']) => {
  const track = tracks.find((candidate) => candidate.name === name);
  if (track === undefined) throw new Error(`no ${name}`);
  return track;
};

/** Tracks after a phase of `seconds` a unit that began at `at`. */
function run(
  tracks: readonly PhaseTrack[],
  name: PhaseTrack['name'],
  total: number,
  at: number,
  seconds: number,
  done = total,
) {
  let after = beginPhase(tracks, phase(name, total), at);
  for (let i = 1; i <= done; i++) after = advancePhase(after, { phase: name, done: i }, at + i * seconds);
  return after;
}

describe('plannedPhases', () => {
  it('lists the recipe in order, the baseline only where it is wanted', () => {
    const names = plannedPhases(defaultSettings).map((track) => track.name);
    expect(names).toEqual([
      'problems',
      'teacher',
      'curation',
      'sft',
      'baseline',
      'stage1',
      'filter',
      'stage2',
      'evaluation',
    ]);
    const without = plannedPhases(withSetting(defaultSettings, 'evaluation.afterColdStart', false));
    expect(without.map((track) => track.name)).toEqual(names.filter((name) => name !== 'baseline'));
  });

  it('has a label and one sentence for each', () => {
    for (const view of phaseViews(plannedPhases(defaultSettings), 0)) {
      expect(view.label).not.toBe('');
      expect(view.help).toMatch(/^[^.]+\.$/);
      expect(view).toMatchObject({ status: 'waiting', secondsLeft: null });
    }
  });
});

describe('progress', () => {
  it('ends every earlier phase when one begins', () => {
    const tracks = beginPhase(plannedPhases(defaultSettings), phase('sft', 10), 5);
    expect(tracks.map((track) => track.status).slice(0, 5)).toEqual([
      'done',
      'done',
      'done',
      'active',
      'waiting',
    ]);
  });

  it('takes a phase that was not planned into its place', () => {
    const planned = plannedPhases(withSetting(defaultSettings, 'evaluation.afterColdStart', false));
    const names = beginPhase(planned, phase('baseline', 10), 5).map((track) => track.name);
    expect(names.indexOf('baseline')).toBe(names.indexOf('sft') + 1);
  });

  it('is all done at the end', () => {
    const tracks = endPhases(run(plannedPhases(defaultSettings), 'evaluation', 3, 0, 1), 4);
    expect(new Set(tracks.map((track) => track.status))).toEqual(new Set(['done']));
  });
});

describe('time left of a phase', () => {
  it('is unknown until two units have been timed', () => {
    const planned = plannedPhases(defaultSettings);
    expect(phaseSecondsLeft(find(run(planned, 'sft', 10, 0, 2, 0), 'sft'), 1)).toBeNull();
    expect(phaseSecondsLeft(find(run(planned, 'sft', 10, 0, 2, 1), 'sft'), 2)).toBeNull();
    expect(phaseSecondsLeft(find(run(planned, 'sft', 10, 0, 2, 2), 'sft'), 4)).toBe(16);
  });

  it('does not hold the warm-up of the first unit against the rest, and runs down between units', () => {
    let tracks = beginPhase(plannedPhases(defaultSettings), phase('sft', 10), 0);
    tracks = advancePhase(tracks, { phase: 'sft', done: 1 }, 60); // shaders
    tracks = advancePhase(tracks, { phase: 'sft', done: 2 }, 61);
    tracks = advancePhase(tracks, { phase: 'sft', done: 3 }, 62);
    expect(phaseSecondsLeft(find(tracks, 'sft'), 62)).toBe(7);
    expect(phaseSecondsLeft(find(tracks, 'sft'), 62.5)).toBe(6.5);
    expect(phaseSecondsLeft(find(tracks, 'sft'), 100)).toBe(0);
  });

  it('follows the recent rate when it changes', () => {
    let tracks = run(plannedPhases(defaultSettings), 'stage1', 200, 0, 1, 50);
    for (let i = 1; i <= 50; i++)
      tracks = advancePhase(tracks, { phase: 'stage1', done: 50 + i }, 50 + 3 * i);
    expect(secondsPerUnit(find(tracks, 'stage1'))).toBeCloseTo(3, 6);
  });

  it('is not fooled by many events that arrive at once', () => {
    let tracks = beginPhase(plannedPhases(defaultSettings), phase('sft', 1000), 0);
    for (let bunch = 1; bunch <= 20; bunch++) {
      for (let i = 0; i < 30; i++) {
        tracks = advancePhase(tracks, { phase: 'sft', done: bunch * 30 - 29 + i }, bunch * 0.1);
      }
    }
    expect(secondsPerUnit(find(tracks, 'sft'))).toBeCloseTo(0.1 / 30, 3);
  });
});

describe('time left of the run', () => {
  const planned = plannedPhases(defaultSettings);

  it('is unknown before reinforcement learning has been timed', () => {
    expect(runSecondsLeft(planned, defaultSettings, 0)).toBeNull();
    expect(runSecondsLeft(run(planned, 'sft', 100, 0, 1, 50), defaultSettings, 50)).toBeNull();
  });

  it('adds stage 2 by its context and the evaluation by the baseline', () => {
    const baseline = run(planned, 'baseline', 10, 0, 3); // 30 s
    const tracks = run(baseline, 'stage1', 60, 30, 2, 10);
    const { stage1, stage2 } = defaultSettings;
    const expected = 50 * 2 + (stage2.steps * 2 * stage2.context) / stage1.context + 30;
    expect(runSecondsLeft(tracks, defaultSettings, 50)).toBeCloseTo(expected, 6);
  });

  it('bounds the evaluation by a GRPO step’s time for as many samples where there is no baseline', () => {
    const settings = withSetting(defaultSettings, 'evaluation.afterColdStart', false);
    const tracks = run(plannedPhases(settings), 'stage2', 40, 0, 2, 20);
    expect(runSecondsLeft(tracks, settings, 40)).toBeCloseTo(20 * 2 + (2 * 6 * 64 * 4) / (64 * 8), 6);
  });

  it('is the phase’s own in the last one', () => {
    const tracks = run(planned, 'evaluation', 10, 0, 1, 4);
    expect(runSecondsLeft(tracks, defaultSettings, 4)).toBe(6);
  });
});
