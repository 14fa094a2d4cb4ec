import { describe, expect, it } from 'vitest';
import { open, running, kinds } from './testing/openLab.ts';
import { presetSettings } from '../recipes/presets.ts';
import type { RunState } from './state.ts';
import { exampleEvents } from '../record/testing/exampleRun.ts';
import { batch } from '../train/testing/scoredBatch.ts';
import { engine } from './testing/fakeWorld.ts';
import { probePatience, secondPatience } from './trainerLink.ts';

describe('opening the page', () => {
  it('asks which engine it will use and shows the answer', () => {
    const { world, state, run } = open();
    expect(world.trainer.received).toEqual([
      { type: 'probe', backend: 'auto', baseUrl: 'https://lab.example/' },
    ]);
    expect(state()).toMatchObject({
      settings: presetSettings('quick'),
      presetName: 'quick',
    });
    expect(run()).toMatchObject({ status: 'idle', engine: null, settings: presetSettings('quick') });
    expect(run().phases.map(({ status }) => status)).toEqual(new Array(9).fill('waiting'));
    world.trainer.say({ type: 'probed', engine });
    world.pass(300);
    expect(run()).toMatchObject({ engine, failure: null, status: 'idle' });
  });

  it('takes settings from the address, says what it corrected, and puts the address right', () => {
    const { world, state } = open('?preset=nano-sparse&run.seed=7&grpo.groupSize=1000&nonsense=1');
    expect(state().settings.grpo.groupSize).toBe(64);
    expect(state().settings.curation.bin).toBe('sparse');
    expect(state().notices).toHaveLength(2);
    world.pass(1000);
    expect(world.query).toBe('preset=nano-sparse&run.seed=7&grpo.groupSize=64&v=1');
  });

  it('says so when no answer comes, and takes it back when one does', () => {
    const { world, run } = open();
    world.pass(probePatience + secondPatience + 500);
    expect(run().failure).toMatchObject({ source: 'engine' });
    expect(run().failure?.message).toContain('30 seconds');
    world.trainer.say({ type: 'probed', engine });
    world.pass(300);
    expect(run()).toMatchObject({ failure: null, engine });
  });

  it('stays ready when the probe fails, and trains on a fresh worker', () => {
    const { world, lab, run } = open();
    world.trainer.say({ type: 'failed', source: 'engine', message: 'no backend at all' });
    world.trainer.say({ type: 'status', status: 'failed' });
    world.pass(300);
    expect(run().status).toBe('idle');
    expect(run().failure?.message).toBe('No backend at all.');
    lab.actions.train();
    expect(world.trainers).toHaveLength(2);
    expect(world.trainers[0]?.terminated).toBe(true);
    expect(kinds(world)).toEqual(['start']);
    expect(run().failure).toBeNull();
  });
});

describe('the form', () => {
  it('sets values, follows with the address, and keeps wrong values out', () => {
    const { world, lab, state, run } = open();
    lab.actions.setSetting('grpo.clipHigh', 0.2);
    expect(state().settings.grpo.clipHigh).toBe(0.2);
    lab.actions.setSetting('grpo.clipLow', 'wide');
    expect(state().settings.grpo.clipLow).toBe(0.2);
    expect(state().settingProblems).toEqual([
      { path: 'grpo.clipLow', message: 'Clip low must be a number from 0 to 1.' },
    ]);
    lab.actions.train();
    expect(run().status).toBe('idle');
    lab.actions.setSetting('grpo.clipLow', 0.1);
    expect(state().settingProblems).toEqual([]);
    world.pass(1000);
    expect(world.query).toBe('grpo.clipLow=0.1&grpo.clipHigh=0.2&v=1');
  });

  it('tells when settings contradict each other, and does not start', () => {
    const { world, lab, state, run } = open();
    lab.actions.setSetting('stage1.minLength', 7);
    expect(state().settingProblems.map(({ path }) => path)).toEqual(['stage1.maxLength']);
    lab.actions.train();
    expect(run().status).toBe('idle');
    expect(kinds(world)).toEqual(['probe']);
  });

  it('applies presets whole, and forgets what was refused', () => {
    const { lab, state } = open();
    lab.actions.setSetting('run.seed', -1);
    lab.actions.applyPreset('nano');
    expect(state()).toMatchObject({
      presetName: 'nano',
      settings: presetSettings('nano'),
      settingProblems: [],
    });
    lab.actions.applyPreset('no such preset');
    expect(state().presetName).toBe('nano');
  });

  it('asks again when the backend changes, and heeds only the last answer', () => {
    const { world, lab, run } = open();
    lab.actions.setSetting('run.backend', 'cpu');
    expect(kinds(world)).toEqual(['probe', 'probe']);
    world.trainer.say({ type: 'probed', engine });
    world.pass(300);
    expect(run().engine).toBeNull();
    world.trainer.say({ type: 'probed', engine: { ...engine, backend: 'cpu' } });
    world.pass(300);
    expect(run().engine?.backend).toBe('cpu');
  });

  it('shows the phases of the run that the form describes', () => {
    const { lab, run } = open();
    lab.actions.setSetting('evaluation.afterColdStart', false);
    expect(run().phases.map(({ name }) => name)).not.toContain('baseline');
  });
});

describe('files', () => {
  it('exports nothing while there is nothing', async () => {
    const { lab } = open();
    expect(lab.actions.exportRun()).toBeNull();
    expect(await lab.actions.exportWeights()).toBeNull();
  });

  it('gives the weights the trainer writes', async () => {
    const { world, lab } = running('preset=micro&run.seed=3');
    const asked = lab.actions.exportWeights();
    expect(kinds(world).at(-1)).toBe('weights');
    world.trainer.say({ type: 'weights', bytes: Uint8Array.of(1, 2, 3), phase: 'stage1', round: 4 });
    const file = await asked;
    expect(file?.name).toBe('aster-lab-micro-seed3-stage1.safetensors');
    expect([...new Uint8Array((await file?.blob.arrayBuffer()) ?? new ArrayBuffer(0))]).toEqual([1, 2, 3]);
  });

  it('gives up on weights when the worker goes, stays silent or cannot read them, and says so', async () => {
    const reset = running();
    const first = reset.lab.actions.exportWeights();
    reset.lab.actions.reset();
    expect(await first).toBeNull();
    const silent = running();
    const second = silent.lab.actions.exportWeights();
    silent.world.pass(120_000);
    expect(await second).toBeNull();
    expect(silent.state().notices).toEqual([
      'The weights were not exported: the trainer has not answered within 60 seconds.',
    ]);
    const lost = running();
    lost.world.trainer.say({ type: 'status', status: 'done' });
    const third = lost.lab.actions.exportWeights();
    lost.world.trainer.say({ type: 'weightsFailed', message: 'the graphics device was lost.' });
    expect(await third).toBeNull();
    lost.world.pass(300);
    expect(lost.state().notices).toEqual(['The weights were not exported: the graphics device was lost.']);
    expect(lost.run().status).toBe('done');
  });

  it('opens what it exported and shows the same', async () => {
    const { world, lab, run } = running('preset=micro&run.seed=3');
    world.trainer.tell(...exampleEvents());
    world.trainer.say({ type: 'status', status: 'done' });
    world.pass(300);
    const exported = lab.actions.exportRun();
    expect(exported?.name).toBe('aster-lab-micro-seed3.json');
    const blob = exported?.blob ?? new Blob();
    const shown = run();

    const other = open('run.seed=8');
    await other.lab.actions.openFile(blob, 'mine.json');
    const seen = other.run();
    for (const key of [
      'settings',
      'presetName',
      'engine',
      'sandbox',
      'parameters',
      'elapsedSeconds',
      'rounds',
      'curation',
      'promptFilter',
      'benchmarks',
      'collapse',
      'status',
    ] as const) {
      expect(seen[key], key).toEqual(shown[key]);
    }
    // When a phase began and ended is a time of the page that it ran in.
    const timeless = (phases: RunState['phases']) =>
      phases.map((phase) => ({ ...phase, startedAt: null, endedAt: null }));
    expect(seen.phases).toEqual(timeless(shown.phases));
    expect(seen.series).toEqual(shown.series);
    expect(seen.source).toEqual({ kind: 'file', name: 'mine.json', recordedAt: '2026-02-03T04:05:06.000Z' });
    expect(other.state().notices).toEqual([]);
    expect(other.state().settings.run.seed).toBe(8);
    expect(await other.lab.actions.exportRun()?.blob.text()).toBe(await blob.text());

    other.lab.actions.adoptRunSettings();
    expect(other.state().settings).toEqual(shown.settings);
    expect(other.state().presetName).toBe('micro');
    other.lab.actions.train();
    expect(other.run()).toMatchObject({
      status: 'starting',
      source: { kind: 'live' },
      engine: null,
      rounds: [],
    });
  });

  it('leaves everything as it was when a file is no good', async () => {
    const { world, lab, state } = running();
    world.trainer.tell({ type: 'trajectories', phase: 'stage1', round: 1, trajectories: batch(1, 8, 0) });
    world.pass(300);
    const before = state();
    await lab.actions.openFile(new Blob(['{"format":"something else"}']), 'other.json');
    const { notices, ...after } = state();
    const timeless = (shown: RunState) => ({ ...shown, elapsedSeconds: 0 });
    expect(notices).toEqual(['“other.json” was not opened: it is not a run exported by ASTER Lab.']);
    expect({
      ...after,
      library: before.library,
      notices: before.notices,
      runs: after.runs.map(timeless),
    }).toEqual({
      ...before,
      runs: before.runs.map(timeless),
    });
    expect(world.trainer.terminated).toBe(false);
  });
});
