import { describe, expect, it } from 'vitest';
import { presetSettings } from '../recipes/presets.ts';
import { exampleEvents } from '../record/testing/exampleRun.ts';
import type { RunSettings } from '../train/settings.ts';
import { Runs } from './runs.ts';
import { visibleRuns } from './state.ts';
import { engine, FakeWorld, type FakeTrainer } from './testing/fakeWorld.ts';
import { running } from './testing/openLab.ts';
import { TrainerLink } from './trainerLink.ts';

const settings = presetSettings('micro');

/** The list of runs alone, on a fake world. */
function emptyList() {
  const world = new FakeWorld();
  const notices: string[] = [];
  let published = 0;
  const publish = () => void published++;
  const runs = new Runs(world.environment, { now: publish, later: publish }, (text) => notices.push(text));
  const start = (seed: number) => {
    const seeded: RunSettings = { ...settings, run: { ...settings.run, seed } };
    const link = new TrainerLink(world.environment);
    const run = runs.start({ settings: seeded, presetName: 'micro', engine: null, link });
    return { run, trainer: world.trainer };
  };
  return { world, runs, notices, start, published: () => published };
}

const begin = (trainer: FakeTrainer) =>
  trainer.say(
    { type: 'started', engine, sandbox: 'Pyodide', parameters: 5 },
    { type: 'status', status: 'running' },
  );

describe('two live runs at once', () => {
  it('have a worker, a status, a clock, a session and a checkpoint each', () => {
    const { world, runs, start } = emptyList();
    const [one, two] = [start(1), start(2)];
    expect(one.trainer).not.toBe(two.trainer);
    expect(one.trainer.received).toEqual([
      expect.objectContaining({ type: 'start', settings: one.run.settings }),
      { type: 'share', sharedBy: 2 },
    ]);
    expect(two.trainer.received).toEqual([
      expect.objectContaining({ type: 'start', settings: two.run.settings }),
    ]);
    const events = exampleEvents();
    begin(one.trainer);
    world.pass(10_000);
    begin(two.trainer);
    one.trainer.tell(...events.slice(0, -1));
    two.trainer.tell(...events.slice(0, 6));
    const place = { phase: 'sft', done: 2, round: 0 } as const;
    two.trainer.say({ type: 'checkpoint', bytes: Uint8Array.of(2), place });
    world.pass(5000);
    one.run.pause();
    one.trainer.say({ type: 'status', status: 'paused' });
    world.pass(5000);

    const [a, b] = runs.state.runs;
    expect(a).toMatchObject({ status: 'paused', elapsedSeconds: 15, checkpoint: null });
    expect(b).toMatchObject({ status: 'running', elapsedSeconds: 10, checkpoint: place });
    expect(a?.series.rounds).toHaveLength(12);
    expect(b?.series.rounds).toHaveLength(0);
    expect([a?.id, b?.id]).toEqual([one.run.id, two.run.id]);

    two.trainer.say({ type: 'failed', source: 'device-lost', message: 'the device was lost' });
    expect(runs.state.runs.map(({ status }) => status)).toEqual(['paused', 'failed']);
    runs.resume(two.run);
    expect(world.trainer.received).toEqual([expect.objectContaining({ from: Uint8Array.of(2) })]);
    expect(one.trainer.terminated).toBe(false);
  });

  it('are stopped one by one; the page keeps the screen on while any goes, and shows the one in focus', () => {
    const { world, runs, start, notices } = emptyList();
    const [one, two] = [start(1), start(2)];
    begin(one.trainer);
    begin(two.trainer);
    expect(runs.state.focus).toBe(two.run.id);
    runs.focus(one.run);
    expect(runs.state.focus).toBe(one.run.id);
    world.hide();
    expect(notices).toHaveLength(2); // both run in a page that browsers slow down

    one.trainer.say({ type: 'status', status: 'done' });
    expect(world.awake).toBe(true);
    two.run.stop();
    expect([one.trainer.terminated, two.trainer.terminated]).toEqual([false, true]);
    expect(runs.state.runs.map(({ status }) => status)).toEqual(['done', 'interrupted']);
    expect(world.awake).toBe(false);
  });

  it('are told apart when one is stopped: what its worker says afterwards reaches nobody', () => {
    const { start, published } = emptyList();
    const [one, two] = [start(1), start(2)];
    one.run.stop();
    const before = published();
    one.trainer.tell(...exampleEvents());
    one.trainer.crash('late');
    expect(published()).toBe(before);
    expect(two.run.status).toBe('starting');
  });

  it('divide the machine anew whenever one comes, is paused, goes on or ends', () => {
    const { start } = emptyList();
    const shares = ({ received }: FakeTrainer) =>
      received.flatMap((message) =>
        message.type === 'start' || message.type === 'share' ? [message.sharedBy] : [],
      );
    const one = start(1);
    begin(one.trainer);
    const two = start(2);
    begin(two.trainer);
    expect([shares(one.trainer), shares(two.trainer)]).toEqual([[1, 2], [2]]);
    two.trainer.say({ type: 'status', status: 'paused' });
    expect(shares(one.trainer)).toEqual([1, 2, 1]);
    two.trainer.say({ type: 'status', status: 'running' });
    expect([shares(one.trainer), shares(two.trainer)]).toEqual([[1, 2, 1, 2], [2]]);
    one.trainer.say({ type: 'status', status: 'done' });
    expect([shares(one.trainer), shares(two.trainer)]).toEqual([
      [1, 2, 1, 2],
      [2, 1],
    ]);
    const now = { ...engine, adapter: 'processor, 1 thread', threads: 1 };
    two.trainer.say({ type: 'engine', engine: now });
    expect(two.run.state.engine).toMatchObject(now);
  });

  it('are told how many share the machine when they start, and again when they go on', () => {
    const { world, runs, start } = emptyList();
    const shares = () =>
      world.trainers
        .map(({ received }) => received[0])
        .map((first) => first?.type === 'start' && first.sharedBy);
    const one = start(1);
    const plan = { settings, presetName: 'micro', engine: null };
    const [two] = runs.startTogether([
      { ...plan, link: new TrainerLink(world.environment) },
      { ...plan, link: new TrainerLink(world.environment) },
    ]);
    expect(shares()).toEqual([1, 3, 3]);
    expect(runs.focused).toBe(two);
    begin(one.trainer);
    one.trainer.say(
      { type: 'checkpoint', bytes: Uint8Array.of(1), place: { phase: 'sft', done: 2, round: 0 } },
      { type: 'failed', source: 'engine', message: 'no memory' },
    );
    two?.stop();
    runs.resume(one.run);
    expect(shares()).toEqual([1, 3, 3, 2]);
  });
});

describe('the list of runs', () => {
  it('ends no run under way when another starts, and takes a finished one’s worker', () => {
    const { start } = emptyList();
    const [one, two] = [start(1), start(2)];
    begin(one.trainer);
    two.trainer.say({ type: 'status', status: 'done' });
    start(3);
    expect(one.trainer.terminated).toBe(false);
    expect(two.trainer.terminated).toBe(true);
    expect(two.run.status).toBe('done');
  });

  it('deletes a run, which stops it, and has it back in its place with its name', () => {
    const { runs, start } = emptyList();
    const [one, two] = [start(1), start(2)];
    begin(one.trainer);
    runs.rename(one.run.id, '  First ');
    runs.focus(one.run);
    runs.delete(one.run);
    expect(one.trainer.terminated).toBe(true);
    expect(runs.state).toMatchObject({
      focus: two.run.id,
      runs: [{ id: two.run.id }],
      deleted: [{ id: one.run.id, name: 'First' }],
    });
    runs.undoDelete();
    expect(runs.state).toMatchObject({
      runs: [{ id: one.run.id, name: 'First', status: 'interrupted' }, { id: two.run.id }],
      deleted: [],
    });
    runs.delete(two.run);
    expect(runs.state.focus, 'nothing else goes on').toBeNull();
    runs.forgetDeleted();
    runs.undoDelete();
    expect(runs.state.runs.map(({ id }) => id)).toEqual([one.run.id]);
  });

  it('gives what the charts draw: the visible ones, and the same objects until something changes', () => {
    const { runs, start } = emptyList();
    const [one, two] = [start(1), start(2)];
    expect(visibleRuns(runs.state).map(({ id }) => id)).toEqual([one.run.id, two.run.id]);
    expect(visibleRuns(runs.state)).toBe(visibleRuns(runs.state));
    runs.relabel(one.run.id, { visible: false });
    expect(visibleRuns(runs.state).map(({ id, view }) => [id, view.status])).toEqual([
      [two.run.id, 'starting'],
    ]);
  });
});

describe('what a person may do', () => {
  it('goes by the run itself, not by what the page was told last', () => {
    const { world, lab, run } = running();
    // The run has failed, but the next snapshot is still to come when Step is pressed.
    world.trainer.say(
      { type: 'failed', source: 'trainer', message: 'it broke' },
      { type: 'status', status: 'failed' },
    );
    expect(run().status).toBe('running');
    lab.actions.step();
    world.pass(300);
    expect(run()).toMatchObject({ status: 'failed', requested: null });
    expect(world.trainer.received.map(({ type }) => type)).not.toContain('step');
  });
});
