/**
 * A lab on a fake world, opened or already running: where the tests of the store begin.
 */
import { shownRun } from '../state.ts';
import { createLabStore } from '../store.ts';
import { engine, FakeWorld } from './fakeWorld.ts';

export function open(query = '') {
  const world = new FakeWorld(query);
  const lab = createLabStore(world.environment);
  return { world, lab, state: () => lab.getState(), run: () => shownRun(lab.getState()) };
}

/** A lab whose run has started. */
export function running(query = '') {
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

/** What the page has asked its newest trainer, by kind. */
export const kinds = (world: FakeWorld) => world.trainer.received.map((message) => message.type);
