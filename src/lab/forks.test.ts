import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { writeCheckpoint } from '../policy/checkpoint.ts';
import { policyConfig } from '../policy/config.ts';
import { initialiseTensors } from '../policy/initialise.ts';
import { Random } from '../random/random.ts';
import type { RecordedRun } from '../record/recordedRun.ts';
import { readRunFile, writeRunFile } from '../record/runFile.ts';
import { encodeText, tokenIds, vocabularySize } from '../tasks/vocabulary.ts';
import { checkpointContext, readRunCheckpoint } from '../train/checkpointFile.ts';
import type { RunEvent } from '../train/events.ts';
import { runRecipe } from '../train/run.ts';
import { ArithmeticSandbox } from '../train/testing/arithmeticSandbox.ts';
import { ScriptedEngine } from '../train/testing/scriptedEngine.ts';
import { drain } from '../train/ticks.ts';
import { recordedMoment } from './recordedCheckpoint.ts';
import { recordedMoments } from './recordedMoments.ts';
import { shownRun } from './state.ts';
import { createLabStore } from './store.ts';
import { FakeWorld } from './testing/fakeWorld.ts';

/** A real run of micro (src/record/testing): 2 rounds of cold start, 5 of stage 1, 3 of stage 2. Its weights are drawn here. */
function recording(): RecordedRun {
  const read = readRunFile(readFileSync('src/record/testing/recordedRun.json', 'utf8'));
  if (!read.ok) throw new Error(read.message);
  const weights = [2, 6, 7, 9, 10].map((round) => ({ round, file: `round-${round}.safetensors` }));
  return { ...read.run, view: { ...read.run.view, weights } };
}
const run = recording();
const config = policyConfig('micro', vocabularySize);
const policyAt = (round: number) => initialiseTensors(config, new Random(round));
const weightsAt = (round: number) =>
  writeCheckpoint({ config, tensors: policyAt(round), metadata: {} }, checkpointContext(run.settings));

describe('a moment of a recording', () => {
  it('begins in the phase in which the run has to go on', () => {
    expect(recordedMoments({ ...run.view, settings: run.settings }).map(({ place }) => place)).toEqual([
      { phase: 'stage1', done: 0, round: 2 },
      { phase: 'stage1', done: 4, round: 6 },
      { phase: 'stage1', done: 5, round: 7 },
      { phase: 'stage2', done: 2, round: 9 },
      { phase: 'evaluation', done: 0, round: 10 },
    ]);
  });

  it('has the policy, a fresh optimizer, and the alarm that had gone off', () => {
    const { checkpoint } = recordedMoment(run, 6, weightsAt(6), weightsAt(2));
    const { tensors, optimizer, reference, position } = readRunCheckpoint(checkpoint);
    expect([tensors, reference]).toEqual([policyAt(6), policyAt(2)]);
    expect(optimizer.step).toBe(0);
    for (const moments of [optimizer.m, optimizer.v])
      for (const { data } of moments.values()) expect(data.every((value) => value === 0)).toBe(true);
    expect(position.collapse.reference).toBeCloseTo(run.view.collapse.reference?.density ?? NaN, 9);
    expect(position.collapse.alarm?.round).toBe(run.view.collapse.alarm?.round);
    expect(
      readRunCheckpoint(recordedMoment(run, 2, weightsAt(2), null).checkpoint).position.collapse,
    ).toMatchObject({ reference: null, alarm: null });
  });

  it('shows what had been measured by then, and nothing later', () => {
    const { record } = recordedMoment(run, 6, weightsAt(6), null);
    expect(Math.max(...record.series.rounds.x)).toBe(6);
    expect(record.view.benchmarks.every(({ phase }) => phase === 'baseline')).toBe(true);
    const taught = recordedMoment(run, 2, weightsAt(2), null).record.view;
    expect(taught.benchmarks.length, 'the examination after the cold start is behind').toBeGreaterThan(0);
    expect(taught.phases.find(({ name }) => name === 'baseline')?.status).toBe('done');
    expect(taught.phases.find(({ name }) => name === 'stage1')?.status).toBe('waiting');
    expect(record.engine, 'it was made on another machine').toBeNull();
  });
});

describe('a run that goes on from a recording', () => {
  /** The recipe on a policy that calls once and answers 0. */
  async function goOn(round: number) {
    const from = readRunCheckpoint(recordedMoment(run, round, weightsAt(round), null).checkpoint);
    const call = [tokenIds.toolCall, ...encodeText('1+1'), tokenIds.toolCallEnd];
    const engine = new ScriptedEngine(() => [call, [tokenIds.thinkEnd, ...encodeText('0'), tokenIds.imEnd]]);
    const events: RunEvent[] = [];
    const recipe = runRecipe({ engine, sandbox: new ArithmeticSandbox(), settings: from.settings, from });
    await drain(recipe, (tick) => events.push(...tick.events));
    return events;
  }

  it('has the rounds that are still to come, and says nothing twice', async () => {
    const events = await goOn(6);
    const rounds = events.flatMap((event) =>
      event.type === 'round' ? [`${event.phase} ${event.round}`] : [],
    );
    expect(rounds).toEqual(['stage1 7', 'stage2 8', 'stage2 9', 'stage2 10']);
    expect(events.map(({ type }) => type)).not.toContain('collapseReference');
    expect(events.flatMap((event) => (event.type === 'phase' ? [event.phase] : []))).toEqual([
      ...['filter', 'stage2', 'evaluation'],
    ]);
    expect(events.at(-1)).toEqual({ type: 'done' });
  });

  it('begins with stage 1 where it goes on from the cold start, and with stage 2 where stage 1 is behind', async () => {
    const first = async (round: number) => (await goOn(round)).find(({ type }) => type === 'phase');
    expect(await first(2)).toMatchObject({ phase: 'stage1', round: 2 });
    expect(await first(7)).toMatchObject({ phase: 'filter', round: 7 });
    expect(await first(10)).toMatchObject({ phase: 'evaluation' });
  });
});

describe('a fork of a recording', () => {
  async function withRecording() {
    const world = new FakeWorld();
    const named = { file: 'micro.json', title: 'Micro', description: 'x' };
    const entry = { ...named, arm: 'dense', preset: 'micro', seed: 4 };
    world.files.set('runs/index.json', JSON.stringify([entry]));
    world.files.set('runs/micro.json', writeRunFile(run));
    for (const round of [2, 6])
      world.files.set(`runs/micro/round-${round}.safetensors`, new Uint8Array(weightsAt(round)));
    const lab = createLabStore(world.environment);
    const id = await lab.actions.openRecording('micro.json');
    if (id === null) throw new Error('The recording was not opened.');
    return { lab, world, id };
  }

  it('starts from the weights beside it, with one setting changed', async () => {
    const { lab, world, id } = await withRecording();
    const fork = await lab.actions.forkRun(id, 6, 'grpo.klCoefficient', 0.1);
    const start = world.trainer.received.find((message) => message.type === 'start');
    if (start?.type !== 'start' || start.from === undefined) throw new Error('Nothing was started.');
    const { settings, reference } = readRunCheckpoint(start.from);
    expect(settings).toEqual({ ...run.settings, grpo: { ...run.settings.grpo, klCoefficient: 0.1 } });
    expect(reference, 'the cold start, which the penalty measures from').toEqual(policyAt(2));
    const shown = shownRun(lab.getState());
    expect(shown).toMatchObject({
      ...{ id: fork, status: 'starting', engine: null },
      parent: { id, name: 'Micro', place: 'round 6' },
    });
    expect(shown.series.rounds.at(-1)?.x).toBe(6);
  });

  it.each([
    ['weights that are not there', 9, 'grpo.clipHigh', 0.2, /could not be loaded/],
    ['a round without weights', 5, 'grpo.clipHigh', 0.2, /no weights of that round/],
    ['a setting that lies behind', 6, 'sft.epochs', 2, /cannot change here/],
  ])('says why where there are %s', async (_, round, path, value, message) => {
    const { lab, id } = await withRecording();
    expect(await lab.actions.forkRun(id, round, path, value)).toBeNull();
    expect(lab.getState().notices.join()).toMatch(message);
    expect(lab.getState().runs).toHaveLength(1);
  });
});
