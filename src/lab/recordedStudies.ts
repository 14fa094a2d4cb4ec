/**
 * Studies that come with the page, beside the recorded runs: which there are, and opening one.
 *
 * Invariants (recordedStudies.test.ts). (1) Without an index, or with one that cannot be read, there simply are none. (2) A study that
 * cannot be loaded is one sentence and changes nothing; of two that were asked for, the later is shown, whichever comes first. (3) What a
 * study says is what the committed cells of its runs say.
 */
import { readStudyIndex, type StudyEntry } from '../record/recordedIndex.ts';
import type { LabEnvironment } from './environment.ts';
import type { Notices } from './notices.ts';
import { notLoaded } from './recordings.ts';
import type { RunFiles } from './runFiles.ts';
import type { Publisher } from './snapshots.ts';

const folder = 'studies';

export class RecordedStudies {
  readonly #environment: LabEnvironment;
  readonly #publisher: Publisher;
  readonly #files: RunFiles;
  readonly #notices: Notices;
  #all: readonly StudyEntry[] = [];
  #asked = 0;

  constructor(environment: LabEnvironment, publisher: Publisher, files: RunFiles, notices: Notices) {
    this.#environment = environment;
    this.#publisher = publisher;
    this.#files = files;
    this.#notices = notices;
  }

  get all(): readonly StudyEntry[] {
    return this.#all;
  }

  /** Find out which there are. */
  async list(): Promise<void> {
    this.#all = await this.#environment
      .download(`${folder}/index.json`)
      .then(readStudyIndex)
      .catch(() => []);
    if (this.#all.length > 0) this.#publisher.now();
  }

  /** Lay one beside the run shown. */
  async open(file: string): Promise<void> {
    const entry = this.#all.find((one) => one.file === file);
    if (entry === undefined) return;
    const asked = ++this.#asked;
    const study = await this.#environment.download(`${folder}/${file}`).catch(() => null);
    if (asked !== this.#asked) return; // another was asked for meanwhile
    if (study === null) this.#notices.add(`“${entry.title}” was not opened: ${notLoaded}`);
    else await this.#files.open(study, entry.title);
  }
}
