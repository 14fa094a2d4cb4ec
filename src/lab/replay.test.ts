import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { exampleStudy } from '../study/testing/exampleStudy.ts';
import { replaySeconds } from './replay.ts';
import { shownRun } from './state.ts';
import { createLabStore } from './store.ts';
import { FakeWorld } from './testing/fakeWorld.ts';

const text = readFileSync('src/record/testing/recordedRun.json', 'utf8');
const entry = {
  ...{ file: 'micro.json', title: 'Micro, recorded', description: 'A fixture.' },
  ...{ arm: 'dense', preset: 'micro', seed: 4 },
};

async function open(files: Readonly<Record<string, BlobPart>>) {
  const world = new FakeWorld();
  for (const [path, contents] of Object.entries(files)) world.files.set(path, contents);
  const lab = createLabStore(world.environment);
  await settled();
  return { world, lab, state: () => lab.getState(), run: () => shownRun(lab.getState()) };
}

/** What was downloaded has arrived. */
const settled = () => new Promise((resolve) => setTimeout(resolve, 0));
const withRun = { 'runs/index.json': JSON.stringify([entry]), 'runs/micro.json': text };

describe('recorded runs', () => {
  it('are listed where there is an index that can be read, else there are none', async () => {
    expect((await open(withRun)).state().recordings).toEqual([entry]);
    for (const index of ['', '<!doctype html>', '[{"file":"../elsewhere.json"}]', '{}', '[]'])
      expect((await open({ 'runs/index.json': index })).state().recordings).toEqual([]);
    expect((await open({})).state().recordings).toEqual([]);
    expect((await open({})).state().notices).toEqual([]);
  });

  it('are shown whole, as recorded, with where they come from', async () => {
    const { lab, state, run } = await open(withRun);
    const opened = lab.actions.openRecording('micro.json');
    expect(state().opening).toBe('micro.json');
    await opened;
    expect(state().opening).toBeNull();
    expect(run()).toMatchObject({
      status: 'done',
      source: {
        kind: 'recording',
        name: 'Micro, recorded',
        commit: expect.stringMatching(/^[0-9a-f]{40}$/) as string,
      },
      replay: { frame: 11, last: 11, playing: false },
      presetName: 'micro',
    });
    expect(run().series.rounds).toHaveLength(10);
  });

  it('may be packed', async () => {
    const { lab, state, run } = await open({
      'runs/index.json': JSON.stringify([{ ...entry, file: 'micro.json.gz' }]),
      'runs/micro.json.gz': new Uint8Array(gzipSync(text)),
    });
    await lab.actions.openRecording('micro.json.gz');
    expect(run()).toMatchObject({ source: { kind: 'recording' }, presetName: 'micro' });
    expect(state().notices).toEqual([]);
    expect(run().series.rounds).toHaveLength(10);
  });

  it('that cannot be loaded or read become one sentence, and change nothing', async () => {
    const { world, lab, state, run } = await open({
      ...withRun,
      'runs/micro.json': '{"format":"aster-lab-run"',
    });
    await lab.actions.openRecording('micro.json');
    world.files.delete('runs/micro.json');
    await lab.actions.openRecording('micro.json');
    await lab.actions.openRecording('unlisted.json');
    expect(state().notices).toEqual([
      '“Micro, recorded” was not opened: it is not a JSON file, or was cut off.',
      '“Micro, recorded” was not opened: it could not be loaded; check the connection and try again.',
    ]);
    expect(run()).toMatchObject({ status: 'idle', source: { kind: 'live' }, replay: null });
    expect(state().opening).toBeNull();
  });

  it('never take the place of a run that was started after an earlier one had finished', async () => {
    const { world, lab, run } = await open(withRun);
    lab.actions.train();
    world.trainer.say({ type: 'status', status: 'done' });
    const opened = lab.actions.openRecording('micro.json');
    lab.actions.train();
    const { trainer } = world;
    await opened;
    expect(run()).toMatchObject({ status: 'starting', source: { kind: 'live' } });
    expect(trainer.terminated).toBe(false);
  });

  it('never take the place of a run that was started while they were loading', async () => {
    const { lab, run } = await open(withRun);
    const opened = lab.actions.openRecording('micro.json');
    lab.actions.train();
    await opened;
    expect(run()).toMatchObject({ status: 'starting', source: { kind: 'live' }, replay: null });
  });
});

describe('a replay', () => {
  async function recorded() {
    const opened = await open(withRun);
    await opened.lab.actions.openRecording('micro.json');
    return opened;
  }

  it('plays the rounds in time, from the beginning, and ends by itself', async () => {
    const { world, lab, run } = await recorded();
    lab.actions.playReplay();
    expect(run().replay).toEqual({ frame: 0, last: 11, playing: true });
    expect(run().series.rounds).toEqual([]);
    expect(run().collapse.alarm).toBeNull();
    world.pass((replaySeconds * 1000 * 4.5) / 11);
    expect(run().replay?.frame).toBe(4);
    expect(run().series.rounds).toHaveLength(4);
    expect(run().rounds.every(({ round }) => round <= 4)).toBe(true);
    world.pass(replaySeconds * 1000);
    expect(run().replay).toEqual({ frame: 11, last: 11, playing: false });
    expect(run().collapse.alarm).not.toBeNull();
    expect(run().benchmarks).toHaveLength(12);
  });

  it('can be held, moved by hand, and gone on with', async () => {
    const { world, lab, run } = await recorded();
    lab.actions.seekReplay(6.2);
    expect(run().replay).toEqual({ frame: 6, last: 11, playing: false });
    expect(run().series.rounds).toHaveLength(6);
    expect(run().phases.find(({ name }) => name === 'stage1')).toMatchObject({ status: 'active', done: 4 });
    lab.actions.playReplay();
    lab.actions.pauseReplay();
    world.pass(60_000);
    expect(run().replay).toEqual({ frame: 6, last: 11, playing: false });
    lab.actions.playReplay();
    world.pass(2000);
    expect(run().replay?.frame).toBe(7);
    lab.actions.seekReplay(99);
    expect(run().replay).toEqual({ frame: 11, last: 11, playing: false });
    lab.actions.seekReplay(Number.NaN);
    lab.actions.seekReplay(-3);
    expect(run().replay?.frame).toBe(0);
  });

  it('exports the whole run, whatever part of it is shown', async () => {
    const { lab } = await recorded();
    lab.actions.seekReplay(2);
    expect(JSON.parse((await lab.actions.exportRun()?.blob.text()) ?? '')).toEqual(JSON.parse(text));
  });

  it('ends with the run it shows', async () => {
    const { world, lab, run } = await recorded();
    lab.actions.playReplay();
    lab.actions.reset();
    world.pass(60_000);
    expect(run()).toMatchObject({ status: 'idle', replay: null });
    expect(run().series.rounds).toEqual([]);
    lab.actions.playReplay();
    lab.actions.seekReplay(3);
    expect(run().replay).toBeNull();
  });

  it('is there for a run from a file too', async () => {
    const { lab, run } = await open({});
    await lab.actions.openFile(new Blob([text]), 'mine.json');
    expect(run().source).toMatchObject({ kind: 'file', name: 'mine.json' });
    lab.actions.seekReplay(3);
    expect(run().series.rounds).toHaveLength(3);
  });
});

describe('a study', () => {
  const file = (json: unknown) => new Blob([JSON.stringify(json)]);

  it('is opened beside the run, and closed again', async () => {
    const { lab, state, run } = await open(withRun);
    await lab.actions.openRecording('micro.json');
    await lab.actions.openFile(file(exampleStudy()), 'study.json');
    expect(state().study).toEqual({ name: 'study.json', study: exampleStudy() });
    expect(run().source.kind).toBe('recording');
    lab.actions.reset();
    expect(state().study).not.toBeNull();
    lab.actions.closeStudy();
    expect(state().study).toBeNull();
  });

  it('that is damaged, newer or cut off becomes one sentence and changes nothing', async () => {
    const { lab, state } = await open({});
    await lab.actions.openFile(file(exampleStudy()), 'study.json');
    await lab.actions.openFile(file({ ...exampleStudy(), version: 9 }), 'newer.json');
    await lab.actions.openFile(file({ ...exampleStudy(), runs: [{}] }), 'damaged.json');
    await lab.actions.openFile(new Blob(['{"format":']), 'cut.json');
    expect(state().notices).toHaveLength(3);
    expect(state().notices[0]).toContain('“newer.json” was not opened: it was made by a newer version');
    expect(state().notices[1]).toContain('“damaged.json” was not opened: it is damaged');
    expect(state().notices[2]).toBe('“cut.json” was not opened: it is not a JSON file, or was cut off.');
    expect(state().study?.name).toBe('study.json');
  });
});
