/**
 * The records of the runs that are kept: an entry each, and the work on them, one after the other for each run.
 *
 * Where a record cannot be written any further (the room is used up), that is said once a run, until something of it is kept again.
 */
import { placeName } from '../failures.ts';
import type { LibraryView } from '../state.ts';
import { entryBytes, type RunEntry } from './runEntry.ts';
import { libraryBytes, type Kept, type RunLibrary } from './runLibrary.ts';
import { WriteQueue } from './writeQueue.ts';

export type RecordWork = (library: RunLibrary, entry: RunEntry) => Promise<Kept<RunEntry>>;

export class RunRecords {
  readonly #notice: (text: string) => void;
  readonly #changed: () => Promise<void>;
  readonly #entries = new Map<string, RunEntry>();
  readonly #queue = new WriteQueue();
  readonly #saidFull = new Set<string>();
  /** Null until it is open, and where it cannot be. */
  library: RunLibrary | null = null;

  /** @param notice takes sentences that a person should read @param changed called after each piece of work */
  constructor(notice: (text: string) => void, changed: () => Promise<void>) {
    this.#notice = notice;
    this.#changed = changed;
  }

  entry(id: string): RunEntry | undefined {
    return this.#entries.get(id);
  }

  has(id: string): boolean {
    return this.#entries.has(id);
  }

  /** What is to be written next time. */
  set(entry: RunEntry): void {
    this.#entries.set(entry.id, entry);
  }

  /** Settles when everything that has been asked for by now is done. */
  settled(id: string): Promise<void> {
    return this.#queue.settled(id);
  }

  /** Do some work on a run's records when its turn has come. @param replaces it stands in for such work that still waits */
  write(id: string, work: RecordWork, replaces = false): void {
    const { library } = this;
    if (library === null) return;
    const task = async () => {
      const entry = this.#entries.get(id);
      if (entry === undefined) return;
      const kept = await work(library, entry);
      if (kept.ok) {
        if (this.#entries.has(id)) this.#entries.set(id, kept.value);
        this.#saidFull.delete(id);
      } else if (!this.#saidFull.has(id)) {
        this.#saidFull.add(id);
        this.#notice(
          `“${entry.label.name}” is not kept any further: ${kept.message} It goes on in this page. ${kept.full ? 'Delete runs that you do not need, or export this one.' : 'Export it to be safe.'}`,
        );
      }
      await this.#changed();
    };
    this.#queue.add(id, task, replaces);
  }

  /** Once what is being written is. */
  async remove(id: string): Promise<void> {
    await this.#queue.settled(id);
    await this.library?.remove(id).catch(() => undefined); // tried again on the next page
    this.#entries.delete(id);
    await this.#changed();
  }

  /** For the page: what there is of each run. */
  get kept(): LibraryView['kept'] {
    return Object.fromEntries(
      [...this.#entries.values()].map((entry) => [
        entry.id,
        {
          bytes: entryBytes(entry),
          moments: entry.saves.map(({ number, place }) => ({ number, place, words: placeName(place) })),
        },
      ]),
    );
  }

  /** Bytes of all runs. */
  get bytes(): number {
    return libraryBytes([...this.#entries.values()]);
  }
}
