/**
 * The library: runs, their files and their checkpoints, kept in the browser across reloads and crashes (issue "Runs are kept").
 *
 * Invariants (runLibrary.test.ts). (1) A save is one transaction: new records, then the entry that points to them; whatever ends the page
 * in the middle leaves the save before. (2) What is read is what was written, or it is said: a flipped bit or a half record is noticed by
 * its checksum, and the newest sound save before it is taken. (3) Nothing sound is deleted but by retention (`retention.ts`) or by a
 * person. (4) A full disk is a result, no exception.
 */
import { openDatabase, type LibraryDatabase } from './database.ts';
import { packed, unpacked, type PackedBytes } from './packedBytes.ts';
import { retained } from './retention.ts';
import { entryBytes, readEntry, type RunEntry, type Save } from './runEntry.ts';

export type Kept<T> =
  | { readonly ok: true; readonly value: T }
  /** `full`: the browser gives no more room. The message is a whole sentence. */
  | { readonly ok: false; readonly full: boolean; readonly message: string };

/** A moment of a run to be kept. */
export interface NewSave {
  readonly place: Save['place'];
  readonly seconds: number;
  readonly checkpoint: Uint8Array;
  readonly file: Uint8Array;
}

/** A kept moment, read and found sound. */
export interface SoundSave {
  readonly save: Save;
  readonly checkpoint: Uint8Array;
  readonly file: Uint8Array;
  /** Newer ones that are damaged. */
  readonly damaged: readonly Save[];
}

export interface Listing {
  readonly entries: readonly RunEntry[];
  /** Sentences about records that cannot be listed. */
  readonly refused: readonly string[];
}

const bothStores = ['runs', 'files', 'checkpoints'] as const;

export class RunLibrary {
  readonly #database: LibraryDatabase;

  constructor(database: LibraryDatabase) {
    this.#database = database;
  }

  /** Rejects where the browser keeps nothing. */
  static async open(name?: string): Promise<RunLibrary> {
    if (globalThis.crypto?.subtle === undefined) throw new Error('This page is not served securely.');
    return new RunLibrary(await openDatabase(name));
  }

  /** Every run, oldest first, the deleted ones too. */
  async list(): Promise<Listing> {
    const read = (await this.#database.getAll('runs')).map(readEntry);
    const entries = read.flatMap((one) => (one.ok ? [one.entry] : []));
    return {
      entries: entries.sort((a, b) => (a.createdAt < b.createdAt ? -1 : 1)),
      refused: read.flatMap((one) => (one.ok ? [] : [one.message])),
    };
  }

  /** Keep an entry as it is. */
  put(entry: RunEntry): Promise<Kept<RunEntry>> {
    return attempt(async () => {
      await this.#database.put('runs', entry, entry.id);
      return entry;
    });
  }

  /** Keep a moment to go on from. @returns the entry with it, without what retention let go */
  save(entry: RunEntry, { place, seconds, checkpoint, file }: NewSave): Promise<Kept<RunEntry>> {
    return attempt(async () => {
      const number = nextNumber(entry);
      const bytes = checkpoint.byteLength + file.byteLength;
      const saves = retained([...entry.saves, { number, place, seconds, bytes }]);
      const gone = entry.saves.filter((save) => !saves.some((one) => one.number === save.number));
      const next: RunEntry = { ...entry, saves: [...saves] };
      await this.#write(next, number, await packed(file), await packed(checkpoint), gone);
      return next;
    });
  }

  /** Keep what a run has measured, without a place to go on from: its end. */
  saveFile(entry: RunEntry, file: Uint8Array): Promise<Kept<RunEntry>> {
    return attempt(async () => {
      const number = nextNumber(entry);
      const gone = entry.file === null ? [] : [entry.file];
      const next: RunEntry = { ...entry, file: { number, bytes: file.byteLength } };
      await this.#write(next, number, await packed(file), null, gone);
      return next;
    });
  }

  /** The run file to show: of a finished run its end, else that of the newest sound moment. Null where there is none. */
  async readFile(entry: RunEntry): Promise<Uint8Array | null> {
    if (entry.file !== null) {
      const file = await this.#read('files', entry.id, entry.file.number);
      if (file !== null) return file;
    }
    return (await this.readNewest(entry))?.file ?? null;
  }

  /** The newest moment that is sound; null where there is none. */
  async readNewest(entry: RunEntry): Promise<SoundSave | null> {
    const damaged: Save[] = [];
    for (const save of [...entry.saves].reverse()) {
      const sound = await this.readSave(entry, save.number);
      if (sound !== null) return { ...sound, damaged };
      damaged.push(save);
    }
    return null;
  }

  /** One kept moment; null where it is damaged or gone. */
  async readSave(entry: RunEntry, number: number): Promise<SoundSave | null> {
    const save = entry.saves.find((one) => one.number === number);
    if (save === undefined) return null;
    const checkpoint = await this.#read('checkpoints', entry.id, number);
    const file = await this.#read('files', entry.id, number);
    return checkpoint === null || file === null ? null : { save, checkpoint, file, damaged: [] };
  }

  /** A run and all that belongs to it, for good. */
  async remove(id: string): Promise<void> {
    const transaction = this.#database.transaction(bothStores, 'readwrite');
    const range = IDBKeyRange.bound([id, 0], [id, Infinity]);
    await Promise.all([
      transaction.objectStore('runs').delete(id),
      transaction.objectStore('files').delete(range),
      transaction.objectStore('checkpoints').delete(range),
      transaction.done,
    ]);
  }

  close(): void {
    this.#database.close();
  }

  async #write(
    entry: RunEntry,
    number: number,
    file: PackedBytes,
    checkpoint: PackedBytes | null,
    gone: readonly { readonly number: number }[],
  ): Promise<void> {
    const transaction = this.#database.transaction(bothStores, 'readwrite', { durability: 'strict' });
    const files = transaction.objectStore('files');
    const checkpoints = transaction.objectStore('checkpoints');
    await Promise.all([
      files.put(file, [entry.id, number]),
      ...(checkpoint === null ? [] : [checkpoints.put(checkpoint, [entry.id, number])]),
      transaction.objectStore('runs').put(entry, entry.id),
      ...gone.flatMap((one) => [
        files.delete([entry.id, one.number]),
        checkpoints.delete([entry.id, one.number]),
      ]),
      transaction.done,
    ]);
  }

  async #read(store: 'files' | 'checkpoints', id: string, number: number): Promise<Uint8Array | null> {
    return unpacked(await this.#database.get(store, [id, number]));
  }
}

/** All bytes of all entries. */
export function libraryBytes(entries: readonly RunEntry[]): number {
  return entries.reduce((sum, entry) => sum + entryBytes(entry), 0);
}

function nextNumber({ saves, file }: RunEntry): number {
  return Math.max(0, file?.number ?? 0, ...saves.map(({ number }) => number)) + 1;
}

async function attempt(work: () => Promise<RunEntry>): Promise<Kept<RunEntry>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    const full = error instanceof DOMException && error.name === 'QuotaExceededError';
    const why = error instanceof Error ? error.message : String(error);
    return {
      ok: false,
      full,
      message: full
        ? 'The browser has no more room for this page.'
        : `The browser did not keep it (${why.replace(/\.$/, '')}).`,
    };
  }
}
