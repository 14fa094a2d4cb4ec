import { describe, expect, it } from 'vitest';
import { movedNotice } from './failures.ts';
import { running } from './testing/openLab.ts';
import type { RunState } from './state.ts';
import { exampleEvents } from '../record/testing/exampleRun.ts';
import { engine, type FakeWorld } from './testing/fakeWorld.ts';

describe('going on from a checkpoint', () => {
  const place = { phase: 'stage1', done: 4, round: 4 } as const;
  const bytes = Uint8Array.of(7, 8, 9);
  const events = exampleEvents();
  /** Right after round 4: where the checkpoint is taken. */
  const cut =
    events.findIndex(
      (event) => event.type === 'progress' && event.phase === 'stage1' && event.done === place.done,
    ) + 1;
  const shown = (run: RunState) => {
    const { series, phases, rounds, curation, promptFilter, benchmarks, collapse } = run;
    const timeless = phases.map((phase) => ({ ...phase, secondsLeft: null, startedAt: null, endedAt: null }));
    return {
      series,
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
    world.trainer.say({ type: 'checkpoint', bytes, place });
    world.pass(10_000);
    world.trainer.tell(...events.slice(cut, -1)); // the alarm and a benchmark among them
    world.pass(1000);
    expect(opened.run().series.rounds).toHaveLength(12);
    expect(opened.run().collapse.alarm).not.toBeNull();
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
    const atCheckpoint = shown(whole.run());

    const { world, lab, run } = failed(fail);
    expect(run()).toMatchObject({ status: 'failed', checkpoint: place, failure: { goOn: 'round 4' } });
    expect(run().failure?.advice).toMatch(/^The run is safe up to round 4\. /);
    const before = run();
    lab.actions.resume();
    expect(world.trainers).toHaveLength(2);
    expect(world.trainers[0]?.terminated).toBe(true);
    expect(world.trainer.received).toEqual([
      { type: 'start', settings: before.settings, baseUrl: 'https://lab.example/', sharedBy: 1, from: bytes },
    ]);
    expect(run()).toMatchObject({ status: 'starting', failure: null });
    expect(shown(run())).toEqual(atCheckpoint);
    expect(run().series).not.toBe(before.series);

    restart(world);
    world.trainer.tell(...events.slice(cut));
    world.trainer.say({ type: 'status', status: 'done' });
    world.pass(300);
    whole.world.trainer.tell(...events.slice(cut));
    whole.world.trainer.say({ type: 'status', status: 'done' });
    whole.world.pass(300);
    expect(run().status).toBe('done');
    expect(shown(run())).toEqual(shown(whole.run()));
    expect(run().series.rounds.map(({ x }) => x)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
  });

  it('counts the time of the work that counts: what was lost is not in it', () => {
    const { world, lab, run } = failed(lose);
    expect(run().elapsedSeconds).toBeGreaterThan(30);
    lab.actions.resume();
    world.pass(60_000); // starting is not running
    expect(run().elapsedSeconds).toBeCloseTo(20.3, 0);
    restart(world);
    world.pass(5000);
    expect(run().elapsedSeconds).toBeGreaterThan(24);
    expect(run().elapsedSeconds).toBeLessThan(26);
  });

  it('can be done again and again, from a newer checkpoint or from the same', () => {
    const { world, lab, run } = failed(lose);
    lab.actions.resume();
    world.trainer.say({ type: 'failed', source: 'engine', message: 'No adapter.' });
    world.pass(300);
    expect(run()).toMatchObject({ status: 'failed', failure: { source: 'engine', goOn: 'round 4' } });
    lab.actions.resume();
    restart(world);
    const next =
      events.findIndex((event) => event.type === 'progress' && event.done === 5 && event.phase === 'stage1') +
      1;
    world.trainer.tell(...events.slice(cut, next));
    const newer = { ...place, done: 5, round: 5 };
    world.trainer.say({ type: 'checkpoint', bytes: Uint8Array.of(1), place: newer });
    lose(world);
    world.pass(300);
    expect(run().failure?.goOn).toBe('round 5');
    lab.actions.resume();
    expect(world.trainer.received).toEqual([expect.objectContaining({ from: Uint8Array.of(1) })]);
    expect(run().series.rounds.map(({ x }) => x)).toEqual([1, 2, 3, 4, 5]);
  });

  it('is not offered where there is no checkpoint, or a damaged one; training afresh forgets it', () => {
    const early = running();
    lose(early.world);
    early.world.pass(300);
    expect(early.run().failure?.goOn).toBeUndefined();
    early.lab.actions.resume();
    expect(early.run().status).toBe('failed');

    const { world, lab, run } = failed(lose);
    lab.actions.resume();
    world.trainer.say({ type: 'failed', source: 'checkpoint', message: 'The checkpoint is damaged.' });
    world.pass(300);
    expect(run()).toMatchObject({ status: 'failed', checkpoint: null });
    expect(run().failure?.goOn).toBeUndefined();

    const other = failed(lose);
    other.lab.actions.train();
    expect(other.run().checkpoint).toBeNull();
    expect(other.world.trainer.received).toEqual([expect.not.objectContaining({ from: bytes })]);
  });

  it.each([
    ['another number of threads', { threads: 1 }, null],
    ['another build', { build: 'plain' }, 'simd (plain) on wasm, it was simd (relaxed) on wasm'],
  ] as const)('says whether %s makes it another run', (_, change, said) => {
    const before = { ...engine, engine: 'simd', threads: 4, build: 'relaxed' } as const;
    const notice = movedNotice(before, { ...before, ...change });
    if (said === null) expect(notice).toBeNull();
    else expect(notice).toContain(said);
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
