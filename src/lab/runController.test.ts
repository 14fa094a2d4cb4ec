import { describe, expect, it } from 'vitest';
import type { FailureSource } from '../worker/protocol.ts';
import { open, running, kinds } from './testing/openLab.ts';
import { engine, exampleEvents } from './testing/fakeWorld.ts';
import { startPatience } from './trainerLink.ts';

describe('a run', () => {
  it('starts with the form’s settings and shows what the trainer says', () => {
    const { world, lab, state } = open('run.seed=5');
    lab.actions.train();
    expect(world.trainer.received.at(-1)).toEqual({
      type: 'start',
      settings: state().settings,
      baseUrl: 'https://lab.example/',
    });
    expect(state()).toMatchObject({ status: 'starting', runPresetName: 'mini', boot: { share: null } });
    expect(state().runSettings?.run.seed).toBe(5);
    world.trainer.say({ type: 'boot', message: 'Loading Python', share: 0.5 });
    world.pass(300);
    expect(state().boot).toEqual({ message: 'Loading Python', share: 0.5 });
    world.trainer.say({ type: 'started', engine, sandbox: 'Pyodide', parameters: 5 });
    world.trainer.say({ type: 'status', status: 'running' });
    world.trainer.tell(...exampleEvents());
    world.pass(300);
    expect(state()).toMatchObject({
      status: 'running',
      boot: null,
      engine,
      sandbox: 'Pyodide',
      parameters: 5,
      tokensPerSecond: 1000,
    });
    expect(state().series.rounds).toHaveLength(12);
    expect(state().series.sft).toHaveLength(3);
    expect(state().collapse.alarm).toEqual({ round: 12, density: 0.6 });
    expect(state().curation?.report.pool).toBe(12);
    expect(state().rounds).toHaveLength(12);
  });

  it('shows what is prepared in the middle of a run until work goes on', () => {
    const { world, state } = running();
    world.trainer.say({ type: 'boot', message: 'Compiling the kernels', share: 1 });
    world.pass(300);
    expect(state().boot?.message).toBe('Compiling the kernels');
    world.trainer.tell({ type: 'progress', phase: 'stage1', done: 1 });
    world.pass(300);
    expect(state().boot).toBeNull();
  });

  it('publishes at most four snapshots a second, however fast events come', () => {
    const { world, lab } = running();
    let snapshots = 0;
    lab.subscribe(() => snapshots++);
    for (let step = 1; step <= 1000; step++) {
      world.trainer.tell({ type: 'sft', step, values: { 'train/loss': 1 / step } });
      world.pass(4);
    }
    expect(snapshots).toBeGreaterThan(10);
    expect(snapshots).toBeLessThanOrEqual(17); // 4 s
    world.pass(300);
    expect(lab.getState().series.latest['train/loss']).toBe(0.001);
  });

  it('keeps the parts of the state that did not change', () => {
    const { world, state } = running();
    world.trainer.tell(...exampleEvents().slice(0, -1));
    world.pass(300);
    const before = state();
    world.trainer.tell({ type: 'progress', phase: 'evaluation', done: 1 });
    world.pass(300);
    const after = state();
    for (const key of ['series', 'rounds', 'curation', 'benchmarks', 'collapse', 'settings'] as const) {
      expect(after[key], key).toBe(before[key]);
    }
  });

  it('counts time only while it runs', () => {
    const { world, lab, state } = running();
    world.pass(5000);
    expect(state().elapsedSeconds).toBeGreaterThan(4);
    lab.actions.pause();
    expect(state().requested).toBe('pause');
    world.trainer.say({ type: 'status', status: 'paused' });
    world.pass(1000);
    expect(state()).toMatchObject({ status: 'paused', requested: null, tokensPerSecond: 0 });
    const { elapsedSeconds } = state();
    world.pass(60_000);
    lab.actions.resume();
    world.trainer.say({ type: 'status', status: 'running' });
    world.pass(2000);
    expect(state().elapsedSeconds).toBeGreaterThan(elapsedSeconds + 1);
    expect(state().elapsedSeconds).toBeLessThan(elapsedSeconds + 4);
    expect(kinds(world)).toEqual(['probe', 'start', 'pause', 'resume']);
  });

  it('steps: from idle it starts a run, then goes to the next boundary', () => {
    const { world, lab, state } = open();
    lab.actions.step();
    expect(kinds(world)).toEqual(['probe', 'start', 'step']);
    expect(state()).toMatchObject({ status: 'starting', requested: 'step' });
    world.trainer.say({ type: 'status', status: 'running' });
    world.pass(300);
    expect(state().requested).toBe('step');
    world.trainer.say({ type: 'status', status: 'paused' });
    world.pass(300);
    expect(state()).toMatchObject({ status: 'paused', requested: null });
    lab.actions.step();
    expect(kinds(world)).toEqual(['probe', 'start', 'step', 'step']);
  });

  it('ignores commands that mean nothing now', () => {
    const { world, lab, state } = open();
    lab.actions.pause();
    lab.actions.resume();
    expect(kinds(world)).toEqual(['probe']);
    lab.actions.train();
    world.trainer.say({ type: 'status', status: 'done' });
    world.pass(300);
    lab.actions.step();
    lab.actions.pause();
    expect(kinds(world)).toEqual(['probe', 'start']);
    expect(state().status).toBe('done');
  });

  it('resets: a fresh worker, asked anew, settings kept, late messages of the old one ignored', () => {
    const { world, lab, state } = running('run.seed=9');
    const old = world.trainer;
    old.tell(...exampleEvents());
    world.pass(300);
    const { version } = state().series;
    lab.actions.reset();
    expect(old.terminated).toBe(true);
    expect(world.trainers).toHaveLength(2);
    expect(kinds(world)).toEqual(['probe']);
    old.tell(...exampleEvents());
    old.say({ type: 'status', status: 'done' });
    world.pass(1000);
    expect(state()).toMatchObject({
      status: 'idle',
      runSettings: null,
      rounds: [],
      curation: null,
      benchmarks: [],
      elapsedSeconds: 0,
    });
    expect(state().settings.run.seed).toBe(9);
    expect(state().series.rounds).toEqual([]);
    expect(state().series.version).toBeGreaterThan(version);
    expect(world.awake).toBe(false);
  });

  it('trains again on a fresh worker', () => {
    const { world, lab, state } = running();
    world.trainer.tell(...exampleEvents());
    world.trainer.say({ type: 'status', status: 'done' });
    world.pass(300);
    expect(state().phases.every(({ status }) => status === 'done')).toBe(true);
    lab.actions.train();
    expect(world.trainers.map(({ terminated }) => terminated)).toEqual([true, false]);
    expect(kinds(world)).toEqual(['start']);
    expect(state()).toMatchObject({ status: 'starting', rounds: [], engine });
  });

  it('keeps the screen on while it goes, and says when the page was hidden', () => {
    const { world, lab, state } = running();
    expect(world.awake).toBe(true);
    world.hide();
    world.hide();
    world.pass(300);
    expect(state().notices).toHaveLength(1);
    lab.actions.dismissNotice(0);
    expect(state().notices).toEqual([]);
    world.trainer.say({ type: 'status', status: 'paused' });
    world.pass(300);
    expect(world.awake).toBe(false);
  });
});

describe('failures', () => {
  const sources: FailureSource[] = ['engine', 'device-lost', 'sandbox', 'settings', 'numerics', 'trainer'];

  it.each(sources)('tells what happened and what to do: %s', (source) => {
    const { world, lab, state } = running();
    world.trainer.tell(...exampleEvents().slice(0, 6));
    world.trainer.say(
      { type: 'failed', source, message: 'the sky fell' },
      { type: 'status', status: 'failed' },
    );
    world.pass(300);
    expect(state()).toMatchObject({
      status: 'failed',
      failure: { source, message: 'The sky fell.' },
      boot: null,
    });
    expect(state().failure?.advice).toMatch(/^[A-Z].*\.$/);
    expect(state().curation).not.toBeNull(); // what was measured stays
    lab.actions.train();
    expect(state()).toMatchObject({ status: 'starting', failure: null });
    expect(world.trainers).toHaveLength(2);
  });

  it('survives a worker that crashes, and one that cannot be made', () => {
    const { world, lab, state } = running();
    world.trainer.crash('out of memory');
    world.pass(300);
    expect(state()).toMatchObject({ status: 'failed' });
    expect(state().failure?.message).toBe('The trainer stopped working: out of memory.');
    world.environment.createTrainer = () => {
      throw new Error('workers are not allowed here');
    };
    lab.actions.reset();
    world.pass(300);
    expect(state()).toMatchObject({ status: 'idle' });
    expect(state().failure?.message).toContain('workers are not allowed here');
    lab.actions.dismissFailure();
    expect(state().failure).toBeNull();
  });

  it('notices a start that says nothing, but not one that says what it does', () => {
    const { world, lab, state } = open();
    lab.actions.train();
    world.pass(startPatience - 1000);
    world.trainer.say({ type: 'boot', message: 'Loading Python', share: 0.1 });
    world.pass(startPatience - 1000);
    expect(state().failure).toBeNull();
    world.pass(2000);
    expect(state().failure?.message).toContain('without a word');
    world.trainer.say({ type: 'status', status: 'running' });
    world.pass(startPatience * 3);
    expect(state()).toMatchObject({ failure: null, status: 'running' });
  });
});
