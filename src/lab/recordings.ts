/**
 * Recorded runs that come with the page: `runs/index.json` beside it says which there are, and each is an exported run.
 *
 * Invariants. (1) Nothing is asked of another origin: a file's name has no folder in it. (2) Without an index, or with one that
 * cannot be read, there simply are none. (3) A download that fails, or comes when the person has gone on to something else,
 * changes nothing but, in the first case, for one sentence.
 */
import { z } from 'zod';
import { armNames } from '../recipes/arms.ts';
import type { LabEnvironment } from './environment.ts';
import { fileText } from '../record/fileText.ts';
import { readRunFile } from '../record/runFile.ts';
import type { RunLife } from './runController.ts';
import type { Snapshots } from './snapshots.ts';

const folder = 'runs';

export const recordedEntrySchema = z.object({
  file: z.string().regex(/^[\w][\w.-]*\.json(\.gz)?$/),
  title: z.string(),
  /** One sentence: what there is to see. */
  description: z.string(),
  arm: z.enum(armNames),
  preset: z.string(),
  seed: z.int().min(0),
});
export type RecordedEntry = z.output<typeof recordedEntrySchema>;

export const recordedIndexSchema = z.array(recordedEntrySchema);

export class RecordedRuns {
  readonly #environment: LabEnvironment;
  readonly #snapshots: Snapshots;
  readonly #run: RunLife;
  #asked = 0;

  constructor(environment: LabEnvironment, snapshots: Snapshots, run: RunLife) {
    this.#environment = environment;
    this.#snapshots = snapshots;
    this.#run = run;
  }

  /** Find out which there are. */
  async list(): Promise<void> {
    const recordings = await this.#environment
      .download(`${folder}/index.json`)
      .then(readIndex)
      .catch(() => []);
    if (recordings.length > 0) this.#snapshots.now({ recordings });
  }

  async open(file: string): Promise<void> {
    const entry = this.#snapshots.state.recordings.find((one) => one.file === file);
    if (entry === undefined) return;
    const asked = ++this.#asked;
    const { session } = this.#run;
    this.#snapshots.now({ opening: file });
    const text = await this.#environment
      .download(`${folder}/${file}`)
      .then(fileText)
      .catch(() => undefined);
    if (asked !== this.#asked) return; // another was asked for meanwhile
    this.#snapshots.now({ opening: null });
    const read =
      text === undefined
        ? ({ ok: false, message: 'it could not be loaded; check the connection and try again.' } as const)
        : readRunFile(text);
    if (!read.ok) {
      const { notices } = this.#snapshots.state;
      this.#snapshots.now({ notices: [...notices, `“${entry.title}” was not opened: ${read.message}`] });
    } else if (session?.live === this.#run.session?.live) {
      this.#run.show(read.run, 'recording', entry.title, read.notices);
    }
  }
}

/** Rejects where it is no JSON. */
async function readIndex(file: Blob): Promise<readonly RecordedEntry[]> {
  return recordedIndexSchema.safeParse(JSON.parse(await file.text())).data ?? [];
}
