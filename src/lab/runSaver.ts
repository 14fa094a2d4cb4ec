/**
 * Writes into the library whatever the list of runs says that there is to keep.
 *
 * Invariants (runKeeper.test.ts). (1) A run is kept from its first moment, and as it stood at each of its checkpoints. (2) Training never
 * waits for the library: a moment that comes while another is being written waits for it, and only the newest waits.
 */
import { writeRunFile } from '../record/runFile.ts';
import type { LabEnvironment } from './environment.ts';
import { entryOf, firstEntry } from './library/entryOf.ts';
import { zipped } from './library/packedBytes.ts';
import type { RunEntry } from './library/runEntry.ts';
import type { RunLibrary } from './library/runLibrary.ts';
import type { RunRecords } from './library/runRecords.ts';
import type { Replay } from './replay.ts';
import type { RunController } from './runController.ts';
import type { RunHolds } from './runHolds.ts';
import type { HeldRun, Runs, RunsListener } from './runs.ts';
import type { SessionCheckpoint } from './session.ts';

export class RunSaver implements RunsListener {
  readonly #environment: LabEnvironment;
  readonly #runs: Runs;
  readonly #records: RunRecords;
  readonly #holds: RunHolds;

  constructor(environment: LabEnvironment, runs: Runs, records: RunRecords, holds: RunHolds) {
    this.#environment = environment;
    this.#runs = runs;
    this.#records = records;
    this.#holds = holds;
  }

  added(run: RunController | Replay): void {
    if (run.kind === 'live') void this.#holds.hold(run.id);
    if (this.#records.library === null) return; // kept once it is open
    const entry = firstEntry(run, this.#runs.label(run.id), this.#environment.date());
    this.#records.set(entry);
    if (run.kind === 'live') {
      const { checkpoint } = run;
      if (checkpoint !== null) this.saved(run, checkpoint);
      else this.labelled(run);
      return;
    }
    const text = () => writeRunFile(run.run);
    this.#records.write(run.id, async (library, now) => library.saveFile(now, await zipped(text())));
  }

  saved(run: RunController, { place, bytes, seconds }: SessionCheckpoint): void {
    if (this.#records.library === null || !this.#records.has(run.id)) return;
    // Written down now: while it waits, the run goes on.
    const text = writeRunFile(run.record(this.#environment.date(), this.#environment.origin));
    this.#records.write(
      run.id,
      async (library, now) =>
        library.save(entryOf(run, this.#runs.label(run.id), now), {
          ...{ place, seconds, checkpoint: bytes },
          file: await zipped(text),
        }),
      true,
    );
  }

  ended(run: RunController): void {
    if (!this.#records.has(run.id)) return this.#holds.release(run.id);
    const write = async (library: RunLibrary, now: RunEntry) => {
      const entry = entryOf(run, this.#runs.label(run.id), now);
      if (run.status !== 'done') return library.put(entry);
      const text = writeRunFile(run.record(this.#environment.date(), this.#environment.origin));
      return library.saveFile(entry, await zipped(text));
    };
    this.#records.write(run.id, write);
    if (run.status !== 'failed') void this.#records.settled(run.id).then(() => this.#holds.release(run.id));
  }

  /** Its label or its condition has changed. */
  labelled(run: HeldRun): void {
    this.#records.write(run.id, (library, now) => library.put(entryOf(run, this.#runs.label(run.id), now)));
  }

  deleted({ id }: HeldRun, deleted: boolean): void {
    this.#records.write(id, (library, now) => library.put({ ...now, deleted }));
  }

  forgotten(gone: readonly HeldRun[]): void {
    void this.forget(gone.map(({ id }) => id));
  }

  async forget(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      await this.#records.remove(id);
      this.#holds.release(id);
    }
  }
}
