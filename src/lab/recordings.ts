/**
 * Recorded runs that come with the page, and the one that is being downloaded.
 *
 * Invariants (recordings.test.ts). (1) Nothing is asked of another origin: a file's name has no folder in it. (2) Without an index, or
 * with one that cannot be read, there simply are none. (3) A download that fails, or comes when the person has gone on to something else,
 * changes nothing but, in the first case, for one sentence.
 */
import { readRecordedIndex } from '../record/recordedIndex.ts';
import { fileText } from '../record/fileText.ts';
import { readRunFile } from '../record/runFile.ts';
import type { LabEnvironment } from './environment.ts';
import type { Notices } from './notices.ts';
import type { Runs } from './runs.ts';
import type { Publisher } from './snapshots.ts';
import type { RecordingsState } from './state.ts';

const folder = 'runs';

/** Completes “… was not opened:”. */
export const notLoaded = 'it could not be loaded; check the connection and try again.';

export class Recordings {
  readonly #environment: LabEnvironment;
  readonly #publisher: Publisher;
  readonly #runs: Runs;
  readonly #notices: Notices;
  #state: RecordingsState = { recordings: [], opening: null };
  #asked = 0;
  #listed: Promise<void> | null = null;

  constructor(environment: LabEnvironment, publisher: Publisher, runs: Runs, notices: Notices) {
    this.#environment = environment;
    this.#publisher = publisher;
    this.#runs = runs;
    this.#notices = notices;
  }

  get state(): RecordingsState {
    return this.#state;
  }

  /** Find out which there are; again, where none could be found. */
  list(): Promise<void> {
    this.#listed ??= this.#list().finally(() => {
      if (this.#state.recordings.length === 0) this.#listed = null;
    });
    return this.#listed;
  }

  async #list(): Promise<void> {
    const recordings = await this.#environment
      .download(`${folder}/index.json`)
      .then(readRecordedIndex)
      .catch(() => []);
    if (recordings.length > 0) this.#set({ ...this.#state, recordings });
  }

  /**
   * Show one, unless another run has come into focus by then. One that is in the list already is only brought into focus.
   * @returns its id; null where it was not opened
   */
  async open(file: string): Promise<string | null> {
    if (!this.#state.recordings.some((one) => one.file === file)) await this.list();
    const entry = this.#state.recordings.find((one) => one.file === file);
    if (entry === undefined) return null;
    const asked = ++this.#asked;
    const known = this.#runs.all.find(
      ({ state: { source } }) => source.kind === 'recording' && source.name === entry.title,
    );
    if (known !== undefined) {
      this.#runs.focus(known);
      this.#set({ ...this.#state, opening: null });
      return known.id;
    }
    const { focused } = this.#runs;
    this.#set({ ...this.#state, opening: file });
    const text = await this.#environment
      .download(`${folder}/${file}`)
      .then(fileText)
      .catch(() => undefined);
    if (asked !== this.#asked) return null; // another was asked for meanwhile
    const read = text === undefined ? ({ ok: false, message: notLoaded } as const) : readRunFile(text);
    if (!read.ok) {
      this.#notices.add(`“${entry.title}” was not opened: ${read.message}`);
    }
    const shown =
      read.ok && focused === this.#runs.focused ? this.#runs.show(read.run, 'recording', entry.title) : null;
    if (read.ok && shown !== null) this.#notices.add(...read.notices);
    this.#set({ ...this.#state, opening: null });
    return shown?.id ?? null;
  }

  #set(state: RecordingsState): void {
    this.#state = state;
    this.#publisher.now();
  }
}
