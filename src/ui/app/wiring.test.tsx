// @vitest-environment happy-dom
/**
 * The page on the real store, with a scripted trainer in place of the worker: what a person does reaches the trainer, and what the
 * trainer says reaches the page. The other tests of the page set the store's state by hand.
 */
import { readFileSync } from 'node:fs';
import { act, cleanup, fireEvent, render, screen, within } from '@testing-library/react';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLabStore } from '../../lab/store.ts';
import { engine, FakeWorld, type FromTrainer } from '../../lab/testing/fakeWorld.ts';
import { kinds } from '../../lab/testing/openLab.ts';
import { exampleEvents } from '../../record/testing/exampleRun.ts';
import { mockBrowser } from '../testing/lab.tsx';
import { App } from './App.tsx';

beforeEach(mockBrowser);
afterEach(cleanup);

const recordingTitle = 'Micro, recorded';
const recordedFiles = {
  'runs/index.json': JSON.stringify([
    {
      ...{ file: 'micro.json', title: recordingTitle, description: 'A fixture.' },
      ...{ arm: 'dense', preset: 'micro', seed: 4 },
    },
  ]),
  'runs/micro.json': readFileSync('src/record/testing/recordedRun.json', 'utf8'),
};

/** The page on a fresh lab, once its engine is known and its recordings are listed. */
async function openPage(query = '') {
  const world = new FakeWorld(query);
  for (const [path, contents] of Object.entries(recordedFiles)) world.files.set(path, contents);
  render(<App store={createLabStore(world.environment)} />);
  await screen.findByText(recordingTitle);
  const page = {
    world,
    /** The newest trainer speaks, and the store has published it. */
    say: (...messages: readonly FromTrainer[]) =>
      act(async () => {
        world.trainer.say(...messages);
        world.pass(1000);
      }),
    start: async () => {
      click('Train');
      await page.say(
        { type: 'status', status: 'starting' },
        { type: 'started', engine, sandbox: 'Pyodide 314', parameters: 98_000 },
        { type: 'status', status: 'running' },
      );
    },
    measure: () => page.say({ type: 'events', events: exampleEvents().slice(0, -1), tokensPerSecond: 1000 }),
  };
  await page.say({ type: 'probed', engine });
  return page;
}

// By text and label: looking for a role computes the style of every element of the page.
const click = (words: string) => fireEvent.click(screen.getByText(words));
const input = (label: string) => screen.getByLabelText<HTMLInputElement>(label, { selector: 'input' });
/** By attribute: happy-dom's `dataset` leaves out what is empty. */
const root = () =>
  Object.fromEntries(
    [...screen.getByTestId('lab').attributes].map(({ name, value }) => [name.replace('data-', ''), value]),
  );

describe('the run’s buttons', () => {
  it('train the form’s settings, and the page follows what the trainer says', async () => {
    const { world, say, measure } = await openPage('?preset=micro&run.seed=5');
    click('Train');
    expect(root()).toMatchObject({ status: 'starting', round: '' });
    expect(world.trainer.received.at(-1)).toMatchObject({
      type: 'start',
      settings: { run: { seed: 5 } },
      baseUrl: 'https://lab.example/',
    });
    await say({ type: 'boot', message: 'Loading Python', share: 0.5 });
    expect(screen.getByTestId('boot').textContent).toContain('Loading Python50%');
    await say({ type: 'started', engine, sandbox: 'Pyodide 314', parameters: 98_000 });
    await say({ type: 'status', status: 'running' });
    expect(root()).toMatchObject({ status: 'running', source: 'live' });
    await measure();
    expect(root()).toMatchObject({ status: 'running', phase: 'stage1', round: '12' });
    expect(screen.getByTestId('tile-reward').dataset['value']).toBe('1');
    expect(screen.getByTestId('collapse-alarm').dataset['round']).toBe('12');
    await say({ type: 'status', status: 'done' });
    expect(root()['status']).toBe('done');
    expect(screen.getByTestId('run-primary').textContent).toBe('Train again');
  });

  it('hold it, let it go on, take it one step on and end it', async () => {
    const { world, start, say } = await openPage();
    await start();
    const { trainer } = world;
    click('Pause');
    expect(kinds(world).at(-1)).toBe('pause');
    expect(screen.getByTestId('run-primary').textContent).toBe('Pausing …');
    await say({ type: 'status', status: 'paused' });
    expect(root()['status']).toBe('paused');
    click('Step');
    expect(kinds(world).at(-1)).toBe('step');
    await say({ type: 'status', status: 'running' }, { type: 'status', status: 'paused' });
    click('Resume');
    expect(kinds(world).at(-1)).toBe('resume');
    await say({ type: 'status', status: 'running' });
    expect(root()['status']).toBe('running');
    click('Reset');
    expect(trainer.terminated).toBe(true);
    expect(root()['status']).toBe('idle');
    expect(kinds(world)).toEqual(['probe']); // a fresh worker, which says what the next run would get
  });
});

describe('a run that fails', () => {
  it('goes on from its checkpoint in a fresh worker, at a click', async () => {
    const { world, start, say } = await openPage('?run.seed=3');
    await start();
    await say(
      { type: 'checkpoint', bytes: Uint8Array.of(7, 8, 9), place: { phase: 'stage1', done: 4, round: 14 } },
      { type: 'failed', source: 'device-lost', message: 'the device was lost' },
      { type: 'status', status: 'failed' },
    );
    expect(root()['status']).toBe('failed');
    const failure = within(screen.getByTestId('failure'));
    expect(failure.getByText('The device was lost.')).toBeDefined();
    const { trainer: lost, trainers } = world;
    fireEvent.click(failure.getByText('Go on from round 14'));
    expect(trainers.at(-1)).not.toBe(lost);
    expect(lost.terminated).toBe(true);
    expect(kinds(world)).toEqual(['start']);
    const [message] = world.trainer.received;
    expect(message).toMatchObject({ settings: { run: { seed: 3 } } });
    expect(message?.type === 'start' && [...(message.from ?? [])]).toEqual([7, 8, 9]);
    expect(root()['status']).toBe('starting');
    expect(screen.queryByTestId('failure')).toBeNull();
  });

  it('says why its weights cannot be exported', async () => {
    const { world, start, say } = await openPage();
    await start();
    await say({ type: 'status', status: 'done' });
    fireEvent.click(screen.getByLabelText('Export or open a run'));
    fireEvent.click(await screen.findByText('Export the weights (safetensors)'));
    expect(kinds(world).at(-1)).toBe('weights');
    await say({ type: 'weightsFailed', message: 'the GPU was lost after the run.' });
    expect(screen.getByTestId('notice').textContent).toBe(
      'The weights were not exported: the GPU was lost after the run.',
    );
  });
});

describe('the form', () => {
  it('changes what Train sends, and the address', async () => {
    const { world } = await openPage('?preset=micro');
    click('Settings');
    fireEvent.change(await screen.findByLabelText('Search the settings'), {
      target: { value: 'grpo.clipHigh' },
    });
    const field = within(screen.getByTestId('setting-grpo.clipHigh'));
    fireEvent.change(field.getByRole('textbox'), { target: { value: '0.2' } });
    fireEvent.change(input('Seed'), { target: { value: '9' } });
    world.pass(1000);
    expect(world.query).toBe('preset=micro&run.seed=9&grpo.clipHigh=0.2&v=1');
    click('Train');
    expect(world.trainer.received.at(-1)).toMatchObject({
      type: 'start',
      settings: { run: { seed: 9 }, grpo: { clipHigh: 0.2 } },
    });
  });

  it('keeps a wrong value out, says why, and trains nothing until it is put right', async () => {
    const { world } = await openPage();
    fireEvent.change(input('Seed'), { target: { value: '99999999999' } });
    expect(screen.getByTestId('setting-problems').textContent).toMatch(/Seed must be/);
    click('Train');
    expect(kinds(world)).toEqual(['probe']);
    fireEvent.change(input('Seed'), { target: { value: '1' } });
    expect(screen.queryByTestId('setting-problems')).toBeNull();
    click('Train');
    expect(kinds(world)).toEqual(['probe', 'start']);
  });
});

describe('a recorded run', () => {
  it('is shown at a click, lends its settings to the form, and gives way to Train', async () => {
    const { world } = await openPage('?run.seed=2');
    click(recordingTitle);
    await screen.findByTestId('replay');
    expect(root()).toMatchObject({ status: 'done', source: 'recording' });
    expect(input('Seed').value).toBe('2');
    click('Use its settings');
    expect(input('Seed').value).toBe('4');
    expect(screen.queryByText('Use its settings')).toBeNull();
    click('Train');
    expect(screen.queryByTestId('replay')).toBeNull();
    expect(root()).toMatchObject({ status: 'starting', source: 'live', round: '' });
    expect(world.trainer.received.at(-1)).toMatchObject({ type: 'start', settings: { run: { seed: 4 } } });
  });
});

describe('the trajectories', () => {
  it('follow the run; what was picked in one run is forgotten in the next', async () => {
    const { start, measure, say } = await openPage();
    await start();
    await measure();
    const round = () => input('Round').getAttribute('aria-valuetext');
    expect(round()).toContain('Round 12');
    click('Trajectories'); // chosen, so that the panel stays open when the next run has none yet
    fireEvent.click(screen.getByLabelText('Earlier round'));
    expect(round()).toContain('Round 11');
    expect(input('Follow').checked).toBe(false);
    await say({ type: 'status', status: 'done' });
    click('Train again');
    expect(screen.getByTestId('inspector').textContent).toContain('No rollouts yet');
    await say({ type: 'status', status: 'running' });
    await measure();
    expect(round()).toContain('Round 12');
    expect(input('Follow').checked).toBe(true);
  });
});
