import { describe, expect, it } from 'vitest';
import type { FailureSource } from '../worker/protocol.ts';
import { presetSettings } from './presets.ts';
import { defaultSettings } from './schema.ts';
import type { LabState } from './state.ts';
import { createLabStore } from './store.ts';
import { batch, engine, exampleEvents, FakeWorld } from './testing.ts';
import { probePatience, startPatience } from './trainerLink.ts';

function open(query = '') {
  const world = new FakeWorld(query);
  const lab = createLabStore(world.environment);
  return { world, lab, state: () => lab.getState() };
}

/** A lab whose run has started. */
function running(query = '') {
  const opened = open(query);
  opened.lab.actions.train();
  opened.world.trainer.say(
    { type: 'status', status: 'starting' },
    { type: 'started', engine, sandbox: 'Pyodide 314, Python 3.14', parameters: 98_000 },
    { type: 'status', status: 'running' },
  );
  opened.world.pass(300);
  return opened;
}

const kinds = (world: FakeWorld) => world.trainer.received.map((message) => message.type);

describe('opening the page', () => {
  it('asks which engine it will use and shows the answer', () => {
    const { world, state } = open();
    expect(world.trainer.received).toEqual([
      { type: 'probe', backend: 'auto', baseUrl: 'https://lab.example/' },
    ]);
    expect(state()).toMatchObject({
      status: 'idle',
      engine: null,
      settings: defaultSettings,
      presetName: 'mini',
    });
    expect(state().phases.map(({ status }) => status)).toEqual(new Array(9).fill('waiting'));
    world.trainer.say({ type: 'probed', engine });
    world.pass(300);
    expect(state()).toMatchObject({ engine, failure: null, status: 'idle' });
  });

  it('takes settings from the address, says what it corrected, and puts the address right', () => {
    const { world, state } = open('?preset=mini-sparse&run.seed=7&grpo.groupSize=1000&nonsense=1');
    expect(state().settings.grpo.groupSize).toBe(64);
    expect(state().settings.curation.bin).toBe('sparse');
    expect(state().notices).toHaveLength(2);
    world.pass(1000);
    expect(world.query).toBe('preset=mini-sparse&run.seed=7&grpo.groupSize=64&v=1');
  });

  it('says so when no answer comes, and takes it back when one does', () => {
    const { world, state } = open();
    world.pass(probePatience + 500);
    expect(state().failure).toMatchObject({ source: 'engine' });
    expect(state().failure?.message).toContain('30 seconds');
    world.trainer.say({ type: 'probed', engine });
    world.pass(300);
    expect(state()).toMatchObject({ failure: null, engine });
  });

  it('stays ready when the probe fails, and trains on a fresh worker', () => {
    const { world, lab, state } = open();
    world.trainer.say({ type: 'failed', source: 'engine', message: 'no backend at all' });
    world.trainer.say({ type: 'status', status: 'failed' });
    world.pass(300);
    expect(state().status).toBe('idle');
    expect(state().failure?.message).toBe('No backend at all.');
    lab.actions.train();
    expect(world.trainers).toHaveLength(2);
    expect(world.trainers[0]?.terminated).toBe(true);
    expect(kinds(world)).toEqual(['start']);
    expect(state().failure).toBeNull();
  });
});

describe('the form', () => {
  it('sets values, follows with the address, and keeps wrong values out', () => {
    const { world, lab, state } = open();
    lab.actions.setSetting('grpo.clipHigh', 0.2);
    expect(state().settings.grpo.clipHigh).toBe(0.2);
    lab.actions.setSetting('grpo.clipLow', 'wide');
    expect(state().settings.grpo.clipLow).toBe(0.2);
    expect(state().settingProblems).toEqual([
      { path: 'grpo.clipLow', message: 'Clip low must be a number from 0 to 1.' },
    ]);
    lab.actions.train();
    expect(state().status).toBe('idle');
    lab.actions.setSetting('grpo.clipLow', 0.1);
    expect(state().settingProblems).toEqual([]);
    world.pass(1000);
    expect(world.query).toBe('grpo.clipLow=0.1&grpo.clipHigh=0.2&v=1');
  });

  it('tells when settings contradict each other, and does not start', () => {
    const { world, lab, state } = open();
    lab.actions.setSetting('stage1.minLength', 7);
    expect(state().settingProblems.map(({ path }) => path)).toEqual(['stage1.maxLength']);
    lab.actions.train();
    expect(state().status).toBe('idle');
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
    const { world, lab, state } = open();
    lab.actions.setSetting('run.backend', 'cpu');
    expect(kinds(world)).toEqual(['probe', 'probe']);
    world.trainer.say({ type: 'probed', engine });
    world.pass(300);
    expect(state().engine).toBeNull();
    world.trainer.say({ type: 'probed', engine: { ...engine, backend: 'cpu' } });
    world.pass(300);
    expect(state().engine?.backend).toBe('cpu');
  });

  it('shows the phases of the run that the form describes', () => {
    const { lab, state } = open();
    lab.actions.setSetting('evaluation.afterColdStart', false);
    expect(state().phases.map(({ name }) => name)).not.toContain('baseline');
  });
});

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

describe('going on from a checkpoint', () => {
  const place = { phase: 'stage1', done: 4, round: 4 } as const;
  const bytes = Uint8Array.of(7, 8, 9);
  const events = exampleEvents();
  /** Right after round 4: where the checkpoint is taken. */
  const cut =
    events.findIndex(
      (event) => event.type === 'progress' && event.phase === 'stage1' && event.done === place.done,
    ) + 1;
  const shown = (state: LabState) => {
    const { series, phases, rounds, curation, promptFilter, benchmarks, collapse } = state;
    const timeless = phases.map((phase) => ({ ...phase, secondsLeft: null }));
    return {
      series: { ...series, version: 0 },
      phases: timeless,
      rounds,
      curation,
      promptFilter,
      benchmarks,
      collapse,
    };
  };

  /** A run that fails some rounds after its checkpoint, as `fail` says. */
  function failed(fail: (world: FakeWorld) => void) {
    const opened = running('preset=micro&run.seed=3');
    const { world } = opened;
    world.pass(20_000);
    world.trainer.tell(...events.slice(0, cut));
    world.trainer.say({ type: 'saved', bytes, place });
    world.pass(10_000);
    world.trainer.tell(...events.slice(cut, -1)); // the alarm and a benchmark among them
    world.pass(1000);
    expect(opened.state().series.rounds).toHaveLength(12);
    expect(opened.state().collapse.alarm).not.toBeNull();
    fail(world);
    world.pass(300);
    return opened;
  }
  const lose = (world: FakeWorld) =>
    world.trainer.say(
      { type: 'failed', source: 'device-lost', message: 'the device was lost' },
      { type: 'status', status: 'failed' },
    );
  const restart = (world: FakeWorld) =>
    world.trainer.say(
      { type: 'status', status: 'starting' },
      { type: 'started', engine, sandbox: 'Pyodide 314, Python 3.14', parameters: 98_000 },
      { type: 'status', status: 'running' },
    );

  it.each<[string, (world: FakeWorld) => void]>([
    ['a lost device', lose],
    ['a worker that crashed', (world) => world.trainer.crash('it ran out of memory')],
    [
      'numbers that are none',
      (world) => world.trainer.say({ type: 'failed', source: 'numerics', message: 'The loss is NaN' }),
    ],
  ])('after %s shows the run that never failed: nothing twice, nothing missing', (_, fail) => {
    const whole = running('preset=micro&run.seed=3');
    whole.world.trainer.tell(...events.slice(0, cut));
    whole.world.pass(300);
    const atCheckpoint = shown(whole.state());

    const { world, lab, state } = failed(fail);
    expect(state()).toMatchObject({ status: 'failed', saved: place, failure: { goOn: 'round 4' } });
    expect(state().failure?.advice).toMatch(/^The run is safe up to round 4\. /);
    const { version } = state().series;
    const { runSettings } = state();
    lab.actions.resume();
    expect(world.trainers).toHaveLength(2);
    expect(world.trainers[0]?.terminated).toBe(true);
    expect(world.trainer.received).toEqual([
      { type: 'start', settings: runSettings, baseUrl: 'https://lab.example/', from: bytes },
    ]);
    expect(state()).toMatchObject({ status: 'starting', failure: null });
    expect(shown(state())).toEqual(atCheckpoint);
    expect(state().series.version).toBeGreaterThan(version);

    restart(world);
    world.trainer.tell(...events.slice(cut));
    world.trainer.say({ type: 'status', status: 'done' });
    world.pass(300);
    whole.world.trainer.tell(...events.slice(cut));
    whole.world.trainer.say({ type: 'status', status: 'done' });
    whole.world.pass(300);
    expect(state().status).toBe('done');
    expect(shown(state())).toEqual(shown(whole.state()));
    expect(state().series.rounds.map(({ x }) => x)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  });

  it('counts the time of the work that counts: what was lost is not in it', () => {
    const { world, lab, state } = failed(lose);
    expect(state().elapsedSeconds).toBeGreaterThan(30);
    lab.actions.resume();
    world.pass(60_000); // starting is not running
    expect(state().elapsedSeconds).toBeCloseTo(20.3, 0);
    restart(world);
    world.pass(5000);
    expect(state().elapsedSeconds).toBeGreaterThan(24);
    expect(state().elapsedSeconds).toBeLessThan(26);
  });

  it('can be done again and again, from a newer checkpoint or from the same', () => {
    const { world, lab, state } = failed(lose);
    lab.actions.resume();
    world.trainer.say({ type: 'failed', source: 'engine', message: 'No adapter.' });
    world.pass(300);
    expect(state()).toMatchObject({ status: 'failed', failure: { source: 'engine', goOn: 'round 4' } });
    lab.actions.resume();
    restart(world);
    const next =
      events.findIndex((event) => event.type === 'progress' && event.done === 5 && event.phase === 'stage1') +
      1;
    world.trainer.tell(...events.slice(cut, next));
    const newer = { ...place, done: 5, round: 5 };
    world.trainer.say({ type: 'saved', bytes: Uint8Array.of(1), place: newer });
    lose(world);
    world.pass(300);
    expect(state().failure?.goOn).toBe('round 5');
    lab.actions.resume();
    expect(world.trainer.received).toEqual([expect.objectContaining({ from: Uint8Array.of(1) })]);
    expect(state().series.rounds.map(({ x }) => x)).toEqual([1, 2, 3, 4, 5]);
  });

  it('is not offered where there is no checkpoint, or a damaged one; training afresh forgets it', () => {
    const early = running();
    lose(early.world);
    early.world.pass(300);
    expect(early.state().failure?.goOn).toBeUndefined();
    early.lab.actions.resume();
    expect(early.state().status).toBe('failed');

    const { world, lab, state } = failed(lose);
    lab.actions.resume();
    world.trainer.say({ type: 'failed', source: 'checkpoint', message: 'The checkpoint is damaged.' });
    world.pass(300);
    expect(state()).toMatchObject({ status: 'failed', saved: null });
    expect(state().failure?.goOn).toBeUndefined();

    const other = failed(lose);
    other.lab.actions.train();
    expect(other.state().saved).toBeNull();
    expect(other.world.trainer.received).toEqual([expect.not.objectContaining({ from: bytes })]);
  });

  it('says so when the run goes on on another engine', () => {
    const { world, lab, state } = failed(lose);
    lab.actions.resume();
    world.trainer.say({
      type: 'started',
      engine: { ...engine, backend: 'cpu' },
      sandbox: 'Pyodide',
      parameters: 5,
    });
    world.pass(300);
    expect(state().notices.at(-1)).toContain('another engine than before (tfjs on cpu, it was tfjs on wasm)');
  });
});

describe('files', () => {
  it('exports nothing while there is nothing', async () => {
    const { lab } = open();
    expect(lab.actions.exportRun()).toBeNull();
    expect(await lab.actions.exportCheckpoint()).toBeNull();
  });

  it('gives the checkpoint the trainer writes', async () => {
    const { world, lab } = running('preset=micro&run.seed=3');
    const asked = lab.actions.exportCheckpoint();
    expect(kinds(world).at(-1)).toBe('checkpoint');
    world.trainer.say({ type: 'checkpoint', bytes: Uint8Array.of(1, 2, 3), phase: 'stage1' });
    const file = await asked;
    expect(file?.name).toBe('aster-lab-micro-seed3-stage1.safetensors');
    expect([...new Uint8Array((await file?.blob.arrayBuffer()) ?? new ArrayBuffer(0))]).toEqual([1, 2, 3]);
  });

  it('gives up on a checkpoint when the worker goes or stays silent', async () => {
    const reset = running();
    const first = reset.lab.actions.exportCheckpoint();
    reset.lab.actions.reset();
    expect(await first).toBeNull();
    const silent = running();
    const second = silent.lab.actions.exportCheckpoint();
    silent.world.pass(120_000);
    expect(await second).toBeNull();
  });

  it('opens what it exported and shows the same', async () => {
    const { world, lab, state } = running('preset=micro&run.seed=3');
    world.trainer.tell(...exampleEvents());
    world.trainer.say({ type: 'status', status: 'done' });
    world.pass(300);
    const exported = lab.actions.exportRun();
    expect(exported?.name).toBe('aster-lab-micro-seed3.json');
    const blob = exported?.blob ?? new Blob();
    const shown = state();

    const other = open('run.seed=8');
    await other.lab.actions.openFile(blob, 'mine.json');
    const seen = other.state();
    for (const key of [
      'runSettings',
      'runPresetName',
      'engine',
      'sandbox',
      'parameters',
      'elapsedSeconds',
      'phases',
      'rounds',
      'curation',
      'promptFilter',
      'benchmarks',
      'collapse',
      'status',
    ] as const) {
      expect(seen[key], key).toEqual(shown[key]);
    }
    expect({ ...seen.series, version: 0 }).toEqual({ ...shown.series, version: 0 });
    expect(seen.source).toEqual({ kind: 'file', name: 'mine.json', recordedAt: '2026-02-03T04:05:06.000Z' });
    expect(seen.notices).toEqual([]);
    expect(seen.settings.run.seed).toBe(8);
    expect(await other.lab.actions.exportRun()?.blob.text()).toBe(await blob.text());

    other.lab.actions.adoptRunSettings();
    expect(other.state().settings).toEqual(shown.settings);
    expect(other.state().presetName).toBe('micro');
    other.lab.actions.train();
    expect(other.state()).toMatchObject({
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
    expect(notices).toEqual(['“other.json” was not opened: it is not a run exported by ASTER Lab.']);
    expect({ ...after, notices: before.notices, elapsedSeconds: 0 }).toEqual({
      ...before,
      elapsedSeconds: 0,
    });
    expect(world.trainer.terminated).toBe(false);
  });
});
