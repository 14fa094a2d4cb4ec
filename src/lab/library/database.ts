/**
 * The library's database in the browser (IndexedDB): a list of runs, and two stores of bytes, keyed by run and number.
 */
import { openDB, type DBSchema, type IDBPDatabase } from 'idb';

const databaseName = 'aster-lab';
const databaseVersion = 1;

export interface LibrarySchema extends DBSchema {
  /** Entries (`runEntry.ts`), by the run's id. */
  runs: { key: string; value: unknown };
  /** Run files, packed. */
  files: { key: [id: string, number: number]; value: unknown };
  /** Run checkpoints (train/checkpointFile.ts). */
  checkpoints: { key: [id: string, number: number]; value: unknown };
}

export type LibraryDatabase = IDBPDatabase<LibrarySchema>;

/** Rejects where the browser keeps nothing (private windows, a full disk, a newer version of the lab in another tab). */
export function openDatabase(name = databaseName): Promise<LibraryDatabase> {
  return openDB<LibrarySchema>(name, databaseVersion, {
    upgrade(database) {
      database.createObjectStore('runs');
      database.createObjectStore('files');
      database.createObjectStore('checkpoints');
    },
    // A newer version of the lab in another tab must not wait for this one.
    blocking: (_, __, event) => (event.target as IDBDatabase).close(),
  });
}
