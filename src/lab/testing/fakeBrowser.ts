/**
 * A browser for the lab's tests: what outlives a page, its library and its locks, and pages that are opened one after the other.
 */
import 'fake-indexeddb/auto';
import { expect, vi } from 'vitest';
import { RunLibrary } from '../library/runLibrary.ts';
import { shownRun } from '../state.ts';
import { createLabStore } from '../store.ts';
import { engine, FakeWorld } from './fakeWorld.ts';

/** A busy machine takes its time. */
export const eventually = <T>(check: () => T | Promise<T>) => vi.waitFor(check, { timeout: 30_000 });

let browsers = 0;

/** A browser: what outlives a page. */
export function fakeBrowser() {
  const name = `browser-${++browsers}`;
  const locked = new Set<string>();
  /** Opens the page anew; the one before is gone without a word. */
  const openPage = async (query = 'preset=micro&run.seed=3') => {
    const world = new FakeWorld(query, locked);
    const ids = { next: 0 };
    Object.assign(world.environment, { id: () => `${pages}-${ids.next++}` });
    pages++;
    world.library = () => RunLibrary.open(name);
    const lab = createLabStore(world.environment);
    const state = () => lab.getState();
    await eventually(() => {
      world.pass(300);
      expect(state().library.status).not.toBe('opening');
    });
    const run = () => shownRun(state());
    const begin = () =>
      world.trainer.say(
        { type: 'status', status: 'starting' },
        { type: 'started', engine, sandbox: 'Pyodide 314, Python 3.14', parameters: 98_000 },
        { type: 'status', status: 'running' },
      );
    /** Waits until something is so. */
    const until = (check: () => void) =>
      eventually(() => {
        world.pass(300);
        check();
      });
    return { world, lab, state, run, begin, until };
  };
  let pages = 0;
  return { name, locked, openPage, crash: () => locked.clear() };
}
