import { describe, expect, it } from 'vitest';
import type { FailureSource } from '../worker/protocol.ts';
import { open, running, kinds } from './testing/openLab.ts';
import { exampleEvents } from '../record/testing/exampleRun.ts';
import { engine } from './testing/fakeWorld.ts';
import { runPatience, secondPatience, startPatience } from './trainerLink.ts';

describe('a run', () => {
  it('starts with the form’s settings and shows what the trainer says', () => {
    const { world, lab, state, run } = open('run.seed=5');
    lab.actions.train();
    expect(world.trainer.received.at(-1)).toEqual({
      type: 'start',
      settings: state().settings,
      baseUrl: 'https://lab.example/',
      sharedBy: 1,
    });
    expect(run()).toMatchObject({ status: 'starting', presetName: 'quick', boot: { share: null } });
    expect(run().settings?.run.seed).toBe(5);
    world.trainer.say({ type: 'boot', message: 'Loading Python', share: 0.5 });
    world.pass(300);
    expect(run().boot).toEqual({ message: 'Loading Python', share: 0.5 });
    world.trainer.say({ type: 'started', engine, sandbox: 'Pyodide', parameters: 5 });
    world.trainer.say({ type: 'status', status: 'running' });
    world.trainer.tell(...exampleEvents());
    world.pass(300);
    expect(run()).toMatchObject({
      status: 'running',
      boot: null,
      engine,
      sandbox: 'Pyodide',
      parameters: 5,
      tokensPerSecond: 1000,
    });
    expect(run().series.rounds).toHaveLength(12);
    expect(run().series.sft).toHaveLength(3);
    expect(run().collapse.alarm).toEqual({ round: 12, density: 0.6 });
    expect(run().curation?.report.pool).toBe(12);
    expect(run().rounds).toHaveLength(12);
  });

  it('shows what is prepared in the middle of a run until work goes on', () => {
    const { world, run } = running();
    world.trainer.say({ type: 'boot', message: 'Compiling the kernels', share: 1 });
    world.pass(300);
    expect(run().boot?.message).toBe('Compiling the kernels');
    world.trainer.tell({ type: 'progress', phase: 'stage1', done: 1 });
    world.pass(300);
    expect(run().boot).toBeNull();
  });

  it('publishes at most four snapshots a second, however fast events come', () => {
    const { world, lab, run } = running();
    let snapshots = 0;
    lab.subscribe(() => snapshots++);
    for (let step = 1; step <= 1000; step++) {
      world.trainer.tell({ type: 'sft', step, values: { 'train/loss': 1 / step } });
      world.pass(4);
    }
    expect(snapshots).toBeGreaterThan(10);
    expect(snapshots).toBeLessThanOrEqual(17); // 4 s
    world.pass(300);
    expect(run().series.latest['train/loss']).toBe(0.001);
  });

  it('keeps the parts of the state that did not change', () => {
    const { world, run } = running();
    world.trainer.tell(...exampleEvents().slice(0, -1));
    world.pass(300);
    const before = run();
    world.trainer.tell({ type: 'progress', phase: 'evaluation', done: 1 });
    world.pass(300);
    const after = run();
    for (const key of ['series', 'rounds', 'curation', 'benchmarks', 'collapse', 'settings'] as const) {
      expect(after[key], key).toBe(before[key]);
    }
  });

  it('counts time only while it runs', () => {
    const { world, lab, run } = running();
    world.pass(5000);
    expect(run().elapsedSeconds).toBeGreaterThan(4);
    lab.actions.pause();
    expect(run().requested).toBe('pause');
    world.trainer.say({ type: 'status', status: 'paused' });
    world.pass(1000);
    expect(run()).toMatchObject({ status: 'paused', requested: null, tokensPerSecond: 0 });
    const { elapsedSeconds } = run();
    world.pass(60_000);
    lab.actions.resume();
    world.trainer.say({ type: 'status', status: 'running' });
    world.pass(2000);
    expect(run().elapsedSeconds).toBeGreaterThan(elapsedSeconds + 1);
    expect(run().elapsedSeconds).toBeLessThan(elapsedSeconds + 4);
    expect(kinds(world)).toEqual(['probe', 'start', 'pause', 'resume']);
  });

  it('steps: from idle it starts a run, then goes to the next boundary', () => {
    const { world, lab, run } = open();
    lab.actions.step();
    expect(kinds(world)).toEqual(['probe', 'start', 'step']);
    expect(run()).toMatchObject({ status: 'starting', requested: 'step' });
    world.trainer.say({ type: 'status', status: 'running' });
    world.pass(300);
    expect(run().requested).toBe('step');
    world.trainer.say({ type: 'status', status: 'paused' });
    world.pass(300);
    expect(run()).toMatchObject({ status: 'paused', requested: null });
    lab.actions.step();
    expect(kinds(world)).toEqual(['probe', 'start', 'step', 'step']);
  });

  it('ignores commands that mean nothing now', () => {
    const { world, lab, run } = open();
    lab.actions.pause();
    lab.actions.resume();
    expect(kinds(world)).toEqual(['probe']);
    lab.actions.train();
    world.trainer.say({ type: 'status', status: 'done' });
    world.pass(300);
    lab.actions.step();
    lab.actions.pause();
    expect(kinds(world)).toEqual(['probe', 'start']);
    expect(run().status).toBe('done');
  });

  it('resets: a fresh worker, asked anew, settings kept, late messages of the old one ignored', () => {
    const { world, lab, state, run } = running('run.seed=9');
    const old = world.trainer;
    old.tell(...exampleEvents());
    world.pass(300);
    const { series } = run();
    lab.actions.reset();
    expect(old.terminated).toBe(true);
    expect(world.trainers).toHaveLength(2);
    expect(kinds(world)).toEqual(['probe']);
    old.tell(...exampleEvents());
    old.say({ type: 'status', status: 'done' });
    world.pass(1000);
    expect(run()).toMatchObject({
      status: 'idle',
      rounds: [],
      curation: null,
      benchmarks: [],
      elapsedSeconds: 0,
    });
    expect(state().settings.run.seed).toBe(9);
    expect(run().series.rounds).toEqual([]);
    expect(run().series).not.toBe(series);
    expect(world.awake).toBe(false);
  });

  it('trains again on a fresh worker', () => {
    const { world, lab, run } = running();
    world.trainer.tell(...exampleEvents());
    world.trainer.say({ type: 'status', status: 'done' });
    world.pass(300);
    expect(run().phases.every(({ status }) => status === 'done')).toBe(true);
    lab.actions.train();
    expect(world.trainers.map(({ terminated }) => terminated)).toEqual([true, false]);
    expect(kinds(world)).toEqual(['start']);
    expect(run()).toMatchObject({ status: 'starting', rounds: [], engine });
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
    const { world, lab, run } = running();
    world.trainer.tell(...exampleEvents().slice(0, 6));
    world.trainer.say(
      { type: 'failed', source, message: 'the sky fell' },
      { type: 'status', status: 'failed' },
    );
    world.pass(300);
    expect(run()).toMatchObject({
      status: 'failed',
      failure: { source, message: 'The sky fell.' },
      boot: null,
    });
    expect(run().failure?.advice).toMatch(/^[A-Z].*\.$/);
    expect(run().curation).not.toBeNull(); // what was measured stays
    lab.actions.train();
    expect(run()).toMatchObject({ status: 'starting', failure: null });
    expect(world.trainers).toHaveLength(2);
  });

  it('survives a worker that crashes, and one that cannot be made', () => {
    const { world, lab, run } = running();
    world.trainer.crash('out of memory');
    world.pass(300);
    expect(run()).toMatchObject({ status: 'failed' });
    expect(run().failure?.message).toBe('The trainer stopped working: out of memory.');
    world.environment.createTrainer = () => {
      throw new Error('workers are not allowed here');
    };
    lab.actions.reset();
    world.pass(300);
    expect(run()).toMatchObject({ status: 'idle' });
    expect(run().failure?.message).toContain('workers are not allowed here');
    lab.actions.dismissFailure();
    expect(run().failure).toBeNull();
  });

  it('notices a trainer that ends without a word, but not one that was replaced', async () => {
    const { world, run } = running();
    world.trainer.say({ type: 'alive', lock: 'one' });
    world.workerLocks.get('one')?.();
    await Promise.resolve();
    world.pass(300);
    expect(run()).toMatchObject({ status: 'failed' });
    expect(run().failure?.message).toBe('The trainer stopped working: it ended without a word.');

    const other = running();
    other.world.trainer.say({ type: 'alive', lock: 'two' });
    other.lab.actions.reset();
    other.world.workerLocks.get('two')?.();
    await Promise.resolve();
    other.world.pass(300);
    expect(other.run()).toMatchObject({ status: 'idle', failure: null });
  });

  it('notices a start that says nothing, but not one that says what it does', () => {
    const { world, lab, run } = open();
    lab.actions.train();
    world.pass(startPatience - 1000);
    world.trainer.say({ type: 'boot', message: 'Loading Python', share: 0.1 });
    world.pass(startPatience - 1000);
    expect(run().failure).toBeNull();
    world.pass(2000 + secondPatience);
    expect(run().failure?.message).toContain('has said nothing');
    world.trainer.say({ type: 'status', status: 'running' });
    world.pass(runPatience - 1000);
    expect(run()).toMatchObject({ failure: null, status: 'running' });
  });

  it('notices a run that is not heard of, but not one that has nothing to tell, or waits', () => {
    const { world, lab, run } = running();
    world.trainer.say({
      type: 'checkpoint',
      bytes: Uint8Array.of(1),
      place: { phase: 'stage1', done: 3, round: 5 },
    });
    for (let i = 0; i < 30; i++) {
      world.trainer.say({ type: 'beat' });
      world.pass(runPatience / 10);
    }
    expect(run().failure).toBeNull();
    // After a sleep the clock rings first.
    world.pass(runPatience);
    world.trainer.say({ type: 'beat' });
    world.pass(300);
    expect(run().failure).toBeNull();
    world.pass(runPatience + secondPatience);
    expect(run()).toMatchObject({ status: 'running', failure: { goOn: 'round 5' } });
    // A late word takes it back.
    world.trainer.say({ type: 'beat' });
    world.pass(300);
    expect(run().failure).toBeNull();
    // One click goes on from the checkpoint, on another worker.
    world.pass(runPatience + secondPatience + 300);
    expect(run().failure?.message).toContain('Nothing has been heard of the trainer for 120 seconds');
    lab.actions.resume();
    expect(run()).toMatchObject({ status: 'starting', failure: null });
    expect(world.trainers.map(({ terminated }) => terminated)).toEqual([true, false]);
    expect(world.trainer.received.at(-1)).toMatchObject({ type: 'start', from: Uint8Array.of(1) });

    const paused = running();
    paused.world.trainer.say({ type: 'status', status: 'paused' });
    paused.world.pass(5 * runPatience);
    expect(paused.run()).toMatchObject({ status: 'paused', failure: null });
  });
});
