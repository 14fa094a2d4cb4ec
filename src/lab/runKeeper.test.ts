import 'fake-indexeddb/auto';
import { describe, expect, it, vi } from 'vitest';
import { exampleEvents } from '../record/testing/exampleRun.ts';
import { openDatabase } from './library/database.ts';
import { RunLibrary } from './library/runLibrary.ts';
import { createLabStore } from './store.ts';
import { shownRun, type RunState } from './state.ts';
import { eventually, fakeBrowser } from './testing/fakeBrowser.ts';
import { FakeWorld } from './testing/fakeWorld.ts';

vi.setConfig({ testTimeout: 120_000 });
const events = exampleEvents();
const after = (round: number) =>
  events.findIndex((event) => event.type === 'progress' && event.phase === 'stage1' && event.done === round) +
  1;
const placeOf = (round: number) => ({ phase: 'stage1' as const, done: round, round });

/** What was measured, without times. */
const measured = ({ series, phases, curation, promptFilter, benchmarks, collapse }: RunState) => ({
  ...{ series, curation, promptFilter, benchmarks, collapse },
  phases: phases.map((phase) => ({ ...phase, secondsLeft: null, startedAt: null, endedAt: null })),
});

/** A run with checkpoints at these rounds, under way when its page ends. */
async function underWay(rounds: readonly number[]) {
  const tabs = fakeBrowser();
  const page = await tabs.openPage();
  page.lab.actions.train();
  page.begin();
  const { id } = page.run();
  page.lab.actions.renameRun(id, 'Mine');
  let told = 0;
  let elapsed = 0;
  for (const round of rounds) {
    page.world.pass(10_000);
    page.world.trainer.tell(...events.slice(told, after(round)));
    told = after(round);
    page.lab.actions.dismissFailure(); // publishes, and so tells the time
    elapsed = page.run().elapsedSeconds;
    page.world.trainer.say({ type: 'checkpoint', bytes: Uint8Array.of(7, round), place: placeOf(round) });
    await page.until(() =>
      expect(page.state().library.kept[id]?.moments.at(-1)?.words).toBe(`round ${round}`),
    );
  }
  return { tabs, page, id, elapsed };
}

describe('a run whose page ends', () => {
  it('is listed on the next page as interrupted, goes on from its checkpoint, and ends as if nothing had been', async () => {
    const { tabs, page, id, elapsed } = await underWay([2, 4]);
    page.world.pass(5000);
    page.world.trainer.tell(...events.slice(after(4), after(5))); // lost with the page
    tabs.crash();

    const next = await tabs.openPage();
    expect(next.state().runs).toMatchObject([
      { id, name: 'Mine', status: 'interrupted', checkpoint: placeOf(4) },
    ]);
    expect(next.state().library.unfinished).toEqual([id]);
    next.lab.actions.resumeRuns([id]);
    await next.until(() => expect(next.run().status).toBe('starting'));
    expect(next.run().id).toBe(id);
    expect(next.world.trainer.received.at(-1)).toMatchObject({ type: 'start', from: Uint8Array.of(7, 4) });
    // What ran after the checkpoint does not count; the clock turned a little while that was waited for.
    expect(next.run().elapsedSeconds).toBe(elapsed);
    next.begin();
    next.world.trainer.tell(...events.slice(after(4)));
    next.world.trainer.say({ type: 'status', status: 'done' });
    await next.until(() => expect(next.run().status).toBe('done'));

    const whole = await fakeBrowser().openPage();
    whole.lab.actions.train();
    whole.begin();
    whole.world.trainer.tell(...events);
    whole.world.trainer.say({ type: 'status', status: 'done' });
    whole.world.pass(300);
    expect(measured(next.run())).toEqual(measured(whole.run()));

    // And a finished run is there on the page after that.
    await next.until(() => expect(tabs.locked.size).toBe(0));
    const last = await tabs.openPage();
    expect(last.state().library.unfinished).toEqual([]);
    last.lab.actions.focusRun(id);
    await last.until(() => expect(last.run().series.rounds).toHaveLength(12));
    expect(last.run()).toMatchObject({ status: 'done', name: 'Mine' });
    expect(measured(last.run())).toEqual(measured(whole.run()));
  });

  it('goes on together with another that was under way, and they share the machine', async () => {
    const { tabs, page, id } = await underWay([2]);
    page.lab.actions.train();
    page.begin();
    const second = page.run().id;
    page.world.trainer.tell(...events.slice(0, after(3)));
    page.world.trainer.say({ type: 'checkpoint', bytes: Uint8Array.of(9, 3), place: placeOf(3) });
    await page.until(() => expect(page.state().library.kept[second]?.moments).toHaveLength(1));
    tabs.crash();

    const next = await tabs.openPage();
    const both = next.state().library.unfinished;
    expect(new Set(both)).toEqual(new Set([id, second]));
    next.lab.actions.resumeRuns(both);
    next.lab.actions.resumeRuns(both); // a second click changes nothing
    await next.until(() =>
      expect(next.state().runs.map(({ status }) => status)).toEqual(['starting', 'starting']),
    );
    expect(next.state()).toMatchObject({
      focus: both[0],
      notices: [],
      library: { unfinished: [], elsewhere: [] },
    });
    const starts = next.world.trainers.flatMap(({ received }) =>
      received.flatMap((message) => (message.type === 'start' ? [[...(message.from ?? [])]] : [])),
    );
    expect(starts.sort()).toEqual([
      [7, 2],
      [9, 3],
    ]);
    // Whichever came first has been told of the other.
    expect(
      next.world.trainers
        .flatMap(({ received }) => received)
        .filter((message) => 'sharedBy' in message && message.sharedBy === 2).length,
    ).toBeGreaterThanOrEqual(2);
  });

  it('is not offered again once a person has said no; the list has it still', async () => {
    const { tabs, id } = await underWay([2]);
    tabs.crash();
    const next = await tabs.openPage();
    next.lab.actions.dismissUnfinished();
    expect(next.state().library.unfinished).toEqual([]);
    const database = await openDatabase(tabs.name);
    await eventually(async () =>
      expect(await database.get('runs', id)).toMatchObject({ status: 'stopped', saves: [{ number: 1 }] }),
    );
    tabs.crash();
    const last = await tabs.openPage();
    expect(last.state().library.unfinished).toEqual([]);
    expect(last.state().runs).toMatchObject([{ id, status: 'interrupted', checkpoint: placeOf(2) }]);
  });

  it('goes back one checkpoint where the newest is damaged, and says so', async () => {
    const { tabs, id } = await underWay([2, 4]);
    tabs.crash();
    const database = await openDatabase(tabs.name);
    const record = (await database.get('checkpoints', [id, 2])) as { bytes: Uint8Array };
    record.bytes[0]! ^= 1;
    await database.put('checkpoints', record, [id, 2]);
    const next = await tabs.openPage();
    next.lab.actions.resumeRuns([id]);
    await next.until(() => expect(next.run().status).toBe('starting'));
    expect(next.world.trainer.received.at(-1)).toMatchObject({ from: Uint8Array.of(7, 2) });
    expect(next.state().notices).toEqual([
      'What was kept of “Mine” at round 4 is damaged; it goes back to round 2.',
    ]);
    expect(await database.count('checkpoints')).toBe(2);
  });

  it('is left alone where another tab works on it', async () => {
    const { tabs, page, id } = await underWay([2]);
    const other = await tabs.openPage();
    expect(other.state().library).toMatchObject({ unfinished: [], elsewhere: [id] });
    other.lab.actions.resumeRuns([id]);
    await other.until(() => expect(other.state().notices).toHaveLength(1));
    expect(other.state().notices[0]).toContain('“Mine” goes on in another tab');
    expect(other.run().status).toBe('interrupted');
    expect(page.world.trainer.terminated).toBe(false);
    // Once the other tab lets go, it may.
    page.lab.actions.stopRun(id);
    await eventually(() => expect(tabs.locked.size).toBe(0));
    other.lab.actions.resumeRuns([id]);
    await other.until(() => expect(other.run().status).toBe('starting'));
  });
});

describe('the list of kept runs', () => {
  it('forgets what was deleted, unless it was had back', async () => {
    const { tabs, page, id } = await underWay([2]);
    const library = await RunLibrary.open(tabs.name);
    const deletedBecomes = (deleted: boolean) =>
      eventually(async () => expect((await library.list()).entries[0]?.deleted).toBe(deleted));
    page.lab.actions.deleteRun(id);
    await deletedBecomes(true);
    page.lab.actions.undoDelete();
    await deletedBecomes(false);
    expect(page.state().runs).toHaveLength(1);
    page.lab.actions.deleteRun(id);
    await deletedBecomes(true);
    tabs.crash();
    const next = await tabs.openPage();
    expect(next.state().runs).toEqual([]);
    const database = await openDatabase(tabs.name);
    await eventually(async () => expect(await database.count('checkpoints')).toBe(0));
  });

  it('keeps opened files, with names, notes and pins', async () => {
    const { tabs, page, id } = await underWay([4]);
    const file = page.lab.actions.exportRun();
    await page.lab.actions.openFile(file?.blob ?? new Blob(), 'theirs.json');
    const opened = page.run().id;
    page.lab.actions.noteRun(opened, 'from a friend');
    page.lab.actions.pinRun(opened, true);
    await page.until(() => expect(page.state().library.kept[opened]?.bytes).toBeGreaterThan(0));
    tabs.crash();
    const next = await tabs.openPage();
    const listed = next.state().runs.find((run) => run.id === opened);
    expect(listed).toMatchObject({ note: 'from a friend', pinned: true, source: { name: 'theirs.json' } });
    next.lab.actions.focusRun(opened);
    await next.until(() => expect(next.run().series.rounds).toHaveLength(4));
    expect(next.run()).toMatchObject({ id: opened, replay: { playing: false }, note: 'from a friend' });
    expect(next.state().runs).toHaveLength(2);
    expect(id).not.toBe(opened);
  });

  it('says once where there is no room, and the run goes on', async () => {
    const { page, id } = await underWay([2]);
    const put = vi.spyOn(RunLibrary.prototype, 'save').mockResolvedValue({
      ...{ ok: false, full: true, message: 'The browser has no more room for this page.' },
    });
    for (const round of [3, 4]) {
      page.world.trainer.say({ type: 'checkpoint', bytes: Uint8Array.of(7, round), place: placeOf(round) });
      await page.until(() => expect(put).toHaveBeenCalledTimes(round - 2));
    }
    put.mockRestore();
    await page.until(() => expect(page.state().notices).toHaveLength(1));
    expect(page.state().notices[0]).toMatch(/^“Mine” is not kept any further: The browser has no more room/);
    expect(page.run()).toMatchObject({ status: 'running', checkpoint: placeOf(4) });
    expect(page.state().library.kept[id]?.moments).toHaveLength(1);
  });
});

it('a browser that keeps nothing is said, and everything else works', async () => {
  const world = new FakeWorld('preset=micro');
  const lab = createLabStore(world.environment);
  await eventually(() => {
    world.pass(300);
    expect(lab.getState().library.status).toBe('closed');
  });
  expect(lab.getState().library.message).toMatch(/^Runs are not kept in this browser \(a test\)/);
  lab.actions.train();
  expect(shownRun(lab.getState()).status).toBe('starting');
});
