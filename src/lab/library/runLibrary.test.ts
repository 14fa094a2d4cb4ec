import 'fake-indexeddb/auto';
import { describe, expect, it } from 'vitest';
import { defaultSettings } from '../../recipes/formModel.ts';
import { openDatabase } from './database.ts';
import { readEntry, type RunEntry, type Save } from './runEntry.ts';
import { retained, roomPerRun } from './retention.ts';
import { RunLibrary, type Kept } from './runLibrary.ts';

let names = 0;
async function open() {
  const name = `library-${++names}`;
  return { library: await RunLibrary.open(name), database: await openDatabase(name) };
}

const entry = (id: string, more: Partial<RunEntry> = {}): RunEntry => ({
  ...{ version: 1, id, createdAt: `2026-01-0${id.length}T00:00:00.000Z` },
  label: { name: id, note: 'a note', colour: 3, dash: 3, visible: true, pinned: false },
  ...{ settings: defaultSettings, presetName: 'mini', source: { kind: 'live' }, parent: null },
  ...{ status: 'interrupted', engine: null, phase: 'sft', round: 2, elapsedSeconds: 4.5 },
  ...{ latest: { 'train/loss': 0.5 }, benchmarks: [], file: null, saves: [], deleted: false },
  ...more,
});
const round = (round: number) => ({
  place: { phase: 'stage1' as const, done: round, round },
  seconds: 10 * round,
  checkpoint: Uint8Array.of(1, 2, round),
  file: Uint8Array.of(9, round),
});
function good(kept: Kept<RunEntry>): RunEntry {
  if (!kept.ok) throw new Error(kept.message);
  return kept.value;
}
async function withRounds(library: RunLibrary, count: number): Promise<RunEntry> {
  let now = entry('a');
  for (let i = 1; i <= count; i++) now = good(await library.save(now, round(i)));
  return now;
}

describe('the library', () => {
  it('lists what was put, oldest first, and gives back what was saved', async () => {
    const { library } = await open();
    await library.put(entry('bb'));
    const saved = await withRounds(library, 3);
    expect((await library.list()).entries).toEqual([saved, entry('bb')]);
    const newest = await library.readNewest(saved);
    expect(newest).toMatchObject({ damaged: [], save: { place: { round: 3 }, bytes: 5 } });
    expect([...(newest?.checkpoint ?? [])]).toEqual([1, 2, 3]);
    expect([...(newest?.file ?? [])]).toEqual([9, 3]);
    const done = good(await library.saveFile({ ...saved, status: 'done' }, Uint8Array.of(5)));
    expect([...((await library.readFile(done)) ?? [])]).toEqual([5]);
  });

  it.each(['checkpoints', 'files'] as const)(
    'goes back to the one before where a bit of the %s is flipped',
    async (store) => {
      const { library, database } = await open();
      const saved = await withRounds(library, 3);
      const number = saved.saves.at(-1)?.number ?? 0;
      const record = (await database.get(store, ['a', number])) as { bytes: Uint8Array; sha256: string };
      record.bytes[1]! ^= 4;
      await database.put(store, record, ['a', number]);
      const newest = await library.readNewest(saved);
      expect(newest?.save.place.round).toBe(2);
      expect(newest?.damaged.map(({ place }) => place.round)).toEqual([3]);
      // The sound ones are all still there.
      expect(await database.count('checkpoints')).toBe(3);
    },
  );

  it('goes back to the one before where half of a record is missing, or all of it; null where none is sound', async () => {
    const { library, database } = await open();
    const saved = await withRounds(library, 3);
    const [first, second, third] = saved.saves.map(({ number }) => number);
    const half = (await database.get('checkpoints', ['a', third!])) as { bytes: Uint8Array };
    await database.put('checkpoints', { ...half, bytes: half.bytes.slice(0, 1) }, ['a', third!]);
    await database.delete('checkpoints', ['a', second!]);
    expect((await library.readNewest(saved))?.save.number).toBe(first);
    await database.put('checkpoints', 'nonsense', ['a', first!]);
    expect(await library.readNewest(saved)).toBeNull();
  });

  it('keeps what was, where a save is broken off', async () => {
    const { library, database } = await open();
    const saved = await withRounds(library, 2);
    const failing = new RunLibrary(
      new Proxy(database, {
        get: (target, key) => {
          if (key !== 'transaction') return Reflect.get(target, key) as unknown;
          return (...given: Parameters<typeof target.transaction>) => {
            const transaction = target.transaction(...given);
            // When all has been asked for and nothing is written; later, a fast machine has committed.
            queueMicrotask(() => transaction.abort());
            return transaction;
          };
        },
      }),
    );
    const broken = await failing.save(saved, round(3));
    expect(broken).toMatchObject({
      ok: false,
      message: expect.stringMatching(/^The browser did not keep it/) as string,
    });
    const [listed] = (await library.list()).entries;
    expect(listed).toEqual(saved);
    expect((await library.readNewest(listed!))?.damaged).toEqual([]);
  });

  it('says when there is no more room', async () => {
    const { library, database } = await open();
    const full = new RunLibrary(
      new Proxy(database, {
        get: () => () => {
          throw new DOMException('full', 'QuotaExceededError');
        },
      }),
    );
    expect(await full.save(entry('a'), round(1))).toEqual({
      ...{ ok: false, full: true },
      message: 'The browser has no more room for this page.',
    });
    expect((await library.list()).entries).toEqual([]);
  });

  it('removes a run with all that belongs to it, and nothing of another', async () => {
    const { library, database } = await open();
    await withRounds(library, 2);
    await library.save(entry('b'), round(1));
    await library.remove('a');
    expect(await database.getAllKeys('checkpoints')).toEqual([['b', 1]]);
    expect((await library.list()).entries.map(({ id }) => id)).toEqual(['b']);
  });

  it('refuses entries that are newer or damaged in a sentence, and lists the others', async () => {
    const { library, database } = await open();
    await library.put(entry('a'));
    await database.put('runs', { ...entry('b'), version: 2 }, 'b');
    await database.put('runs', { ...entry('c'), saves: 'none' }, 'c');
    await database.put('runs', { ...entry('d'), settings: { grpo: { groupSize: 'big' } } }, 'd');
    const { entries, refused } = await library.list();
    expect(entries.map(({ id }) => id)).toEqual(['a']);
    expect(refused).toEqual([
      '“b” was kept by a newer version of the lab; reload the page to get that. Nothing of it is lost.',
      '“c” cannot be listed: its record is damaged (at “saves”).',
      '“d” cannot be listed: its settings are not ones this lab knows.',
    ]);
    expect(await database.count('runs')).toBe(4);
  });

  it('gives settings that have come since their defaults', () => {
    const { callBonus: _, ...grpo } = defaultSettings.grpo;
    const read = readEntry({ ...entry('a'), settings: { ...defaultSettings, grpo } });
    expect(read.ok && read.entry.settings).toEqual(defaultSettings);
  });
});

describe('what stays', () => {
  const save = (number: number, phase: Save['place']['phase'], bytes = 1): Save => ({
    ...{ number, seconds: 15 * number, bytes },
    place: { phase, done: number, round: number },
  });
  const phases = (count: number, bytes?: number) =>
    Array.from({ length: count }, (_, i) => save(i, i < 5 ? 'sft' : i < 30 ? 'stage1' : 'stage2', bytes));

  it('is the newest two, each phase’s last, and six between, far apart', () => {
    const kept = retained(phases(60)).map(({ number }) => number);
    expect(kept).toHaveLength(10);
    for (const number of [4, 29, 58, 59]) expect(kept).toContain(number);
    const gaps = kept.map((number, i) => number - (kept[i - 1] ?? 0));
    expect(Math.max(...gaps)).toBeLessThan(15);
  });

  it('comes to as much when it is let go save by save, as it is', () => {
    let kept: readonly Save[] = [];
    for (const one of phases(200)) kept = retained([...kept, one]);
    expect(kept.length).toBeLessThanOrEqual(10);
    expect(kept.at(-1)?.number).toBe(199);
  });

  it('is only the firm ones where they are large', () => {
    expect(retained(phases(60, roomPerRun + 1)).map(({ number }) => number)).toEqual([4, 29, 58, 59]);
  });
});
