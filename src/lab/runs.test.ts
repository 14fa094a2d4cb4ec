import { describe, expect, it } from 'vitest';
import { presetSettings } from '../recipes/presets.ts';
import { exampleEvents } from '../record/testing/exampleRun.ts';
import type { RunSettings } from '../train/settings.ts';
import { Runs } from './runs.ts';
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
    two.run.resume();
    expect(world.trainer.received).toEqual([expect.objectContaining({ from: Uint8Array.of(2) })]);
    expect(one.trainer.terminated).toBe(false);
  });

  it('end one by one; the page keeps the screen on while any goes, and shows the one in focus', () => {
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
    runs.close(one.run);
    expect(one.trainer.terminated).toBe(true);
    expect(two.trainer.terminated).toBe(false);
    expect(runs.state).toMatchObject({ focus: two.run.id, runs: [{ id: two.run.id }] });
    runs.close(two.run);
    expect(world.awake).toBe(false);
    expect(runs.state).toEqual({ runs: [], focus: null });
  });

  it('are told apart when one is closed: what its worker says afterwards reaches nobody', () => {
    const { runs, start, published } = emptyList();
    const [one, two] = [start(1), start(2)];
    runs.close(one.run);
    const before = published();
    one.trainer.tell(...exampleEvents());
    one.trainer.crash('late');
    expect(published()).toBe(before);
    expect(two.run.status).toBe('starting');
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
