/**
 * Keeps the runs of this page in the library, and has them back on the next: the one place where the list of runs and the library meet.
 *
 * Invariants (runKeeper.test.ts). (1) A run is kept from its first moment, and as it stood at each of its checkpoints; what is shown of it
 * on the next page is what was shown then, and it goes on from there bit for bit. (2) Training never waits for the library: a moment that
 * comes while another is being written waits for it, and only the newest waits. (3) Where nothing can be kept, that is said once, and
 * everything else works as ever. (4) One tab works on a run.
 */
import { writeRunFile } from '../record/runFile.ts';
import type { LabEnvironment } from './environment.ts';
import { KeptRun } from './keptRun.ts';
import { entryOf, firstEntry } from './library/entryOf.ts';
import { zipped } from './library/packedBytes.ts';
import { readKept } from './library/readKept.ts';
import type { RunEntry } from './library/runEntry.ts';
import type { RunLibrary, SoundSave } from './library/runLibrary.ts';
import { RunRecords } from './library/runRecords.ts';
import type { Notices } from './notices.ts';
import type { Replay } from './replay.ts';
import type { RunController } from './runController.ts';
import type { HeldRun, Runs } from './runs.ts';
import type { SessionCheckpoint } from './session.ts';
import type { Publisher } from './snapshots.ts';
import type { LibraryView } from './state.ts';
import { TrainerLink } from './trainerLink.ts';

/** Between two kept runs that are opened for the charts, milliseconds. */
const restBetweenLoads = 2000;

export class RunKeeper {
  readonly #environment: LabEnvironment;
  readonly #runs: Runs;
  readonly #notices: Notices;
  readonly #publisher: Publisher;
  readonly #records: RunRecords;
  /** Runs that this tab works on, with how each is let go. */
  readonly #holds = new Map<string, () => void>();
  /** Runs whose files were opened, or tried. */
  readonly #tried = new Set<string>();
  readonly #loading = new Map<string, Promise<RunController | Replay | null>>();
  #state: LibraryView = {
    status: 'opening',
    message: null,
    kept: {},
    storage: null,
    unfinished: [],
    elsewhere: [],
  };

  constructor(environment: LabEnvironment, runs: Runs, notices: Notices, publisher: Publisher) {
    this.#environment = environment;
    this.#runs = runs;
    this.#notices = notices;
    this.#publisher = publisher;
    this.#records = new RunRecords(
      (text) => notices.add(text),
      () => this.#measure(),
    );
    runs.listen({
      added: (run) => this.#added(run),
      saved: (run, checkpoint) => this.#saved(run, checkpoint),
      ended: (run) => this.#ended(run),
      labelled: (run) => this.#touch(run),
      deleted: (run, deleted) => this.#setDeleted(run, deleted),
      forgotten: (gone) => void this.#forget(gone.map(({ id }) => id)),
    });
  }

  get state(): LibraryView {
    return this.#state;
  }

  /** Open the library and list what it has. */
  async open(): Promise<void> {
    try {
      const library = await this.#environment.openLibrary();
      this.#records.library = library;
      const { entries, refused } = await library.list();
      const elsewhere = await this.#environment.locks.held();
      // What was deleted on the page before is not had back on this one.
      await this.#forget(entries.filter(({ deleted }) => deleted).map(({ id }) => id));
      const kept = entries.filter(({ deleted, id }) => !deleted && this.#runs.find(id) === null);
      for (const entry of kept) this.#records.set(entry);
      this.#runs.list(kept.map((entry) => new KeptRun(entry)));
      this.#notices.add(...refused);
      const unfinished = kept.filter(({ status, id }) => status === 'interrupted' && !elsewhere.has(id));
      this.#set({
        status: 'open',
        unfinished: unfinished.map(({ id }) => id).reverse(),
        elsewhere: kept.map(({ id }) => id).filter((id) => elsewhere.has(id)),
      });
      for (const run of this.#runs.all)
        if (run.kind !== 'kept' && !this.#records.has(run.id)) this.#added(run);
      await this.#measure();
      this.#loadVisible();
    } catch (error) {
      const why = error instanceof Error ? error.message.replace(/\.$/, '') : String(error);
      this.#set({
        status: 'closed',
        message: `Runs are not kept in this browser (${why}); they are lost when the page is closed. Export those that you need.`,
      });
    }
  }

  /** Open a kept run's files; it takes its place in the list. @returns the run as it is then; null where nothing of it can be read */
  load(kept: KeptRun): Promise<RunController | Replay | null> {
    const loading = this.#loading.get(kept.id) ?? this.#load(kept);
    this.#loading.set(kept.id, loading);
    return loading.finally(() => this.#loading.delete(kept.id));
  }

  async #load(kept: KeptRun): Promise<RunController | Replay | null> {
    const library = this.#records.library;
    if (library === null) return null;
    const entry = this.#records.entry(kept.id) ?? kept.entry;
    const { record, restored, notices } = await readKept(library, entry);
    if (this.#runs.find(kept.id) !== kept) return null; // opened or deleted meanwhile
    this.#notices.add(...notices);
    if (entry.source.kind !== 'live') {
      if (record === null) return null;
      const { kind, name } = entry.source;
      return this.#runs.open(kept, { recorded: { run: record, kind, name } });
    }
    return this.#runs.open(kept, { live: restored, link: new TrainerLink(this.#environment) });
  }

  /** Open what the charts are to draw, one after the other, with rests in which the page can draw. */
  #loadVisible(): void {
    this.#environment.after(restBetweenLoads, () => {
      const next = this.#runs.all.findLast(
        (run) => run.kind === 'kept' && this.#runs.label(run.id).visible && !this.#tried.has(run.id),
      );
      if (next?.kind !== 'kept') return;
      this.#tried.add(next.id);
      void this.load(next).finally(() => this.#loadVisible());
    });
  }

  /** Let a run go on, whatever it takes: its files, its lock. */
  async goOn(id: string): Promise<void> {
    let run = this.#runs.find(id);
    if (run?.kind === 'kept') run = await this.load(run);
    if (run?.kind !== 'live') return;
    if (!this.#holds.has(id) && !(await this.#hold(id))) {
      this.#set({ elsewhere: [...new Set([...this.#state.elsewhere, id])] });
      this.#notices.add(
        `“${this.#runs.label(id).name}” goes on in another tab of this browser. Go there, or stop it there first.`,
      );
      return;
    }
    this.#set({
      unfinished: this.#state.unfinished.filter((other) => other !== id),
      elsewhere: this.#state.elsewhere.filter((other) => other !== id),
    });
    this.#runs.resume(run);
    this.#touch(run);
  }

  /** Whether this tab may let a run go on without asking. */
  owns(id: string): boolean {
    return this.#holds.has(id) || this.#records.library === null;
  }

  /** The question whether they should go on has been answered by no, for the pages to come as well. */
  dismissUnfinished(): void {
    for (const id of this.#state.unfinished)
      this.#records.write(id, (library, now) => library.put({ ...now, status: 'stopped' }));
    this.#set({ unfinished: [] });
  }

  /** What was kept of a run at one moment. @param number of the save; the newest sound one where absent */
  async moment(id: string, number?: number): Promise<SoundSave | null> {
    await this.#records.settled(id);
    const entry = this.#records.entry(id);
    if (this.#records.library === null || entry === undefined) return null;
    return number === undefined
      ? this.#records.library.readNewest(entry)
      : this.#records.library.readSave(entry, number);
  }

  // -- what the list of runs says

  #added(run: HeldRun): void {
    if (run.kind === 'kept') return;
    if (run.kind === 'live') void this.#hold(run.id);
    if (this.#records.library === null) return; // kept once it is open
    const entry = firstEntry(run, this.#runs.label(run.id), this.#environment.date());
    this.#records.set(entry);
    if (run.kind === 'live') {
      const { checkpoint } = run;
      if (checkpoint !== null) this.#saved(run, checkpoint);
      else this.#touch(run);
      return;
    }
    const text = () => writeRunFile(run.run);
    this.#records.write(run.id, async (library, now) => library.saveFile(now, await zipped(text())));
  }

  #saved(run: RunController, { place, bytes, seconds }: SessionCheckpoint): void {
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

  #ended(run: RunController): void {
    if (!this.#records.has(run.id)) return this.#release(run.id);
    const write = async (library: RunLibrary, now: RunEntry) => {
      const entry = entryOf(run, this.#runs.label(run.id), now);
      if (run.status !== 'done') return library.put(entry);
      const text = writeRunFile(run.record(this.#environment.date(), this.#environment.origin));
      return library.saveFile(entry, await zipped(text));
    };
    this.#records.write(run.id, write);
    if (run.status !== 'failed') void this.#records.settled(run.id).then(() => this.#release(run.id));
  }

  /** Its label or its condition has changed. */
  #touch(run: HeldRun): void {
    this.#records.write(run.id, (library, now) => library.put(entryOf(run, this.#runs.label(run.id), now)));
  }

  #setDeleted(run: HeldRun, deleted: boolean): void {
    this.#records.write(run.id, (library, now) => library.put({ ...now, deleted }));
  }

  async #forget(ids: readonly string[]): Promise<void> {
    for (const id of ids) {
      await this.#records.remove(id);
      this.#release(id);
    }
    await this.#measure();
  }

  // --

  async #hold(id: string): Promise<boolean> {
    const release = await this.#environment.locks.hold(id);
    // Asked for twice at once, the second has it from the first.
    if (release === null) return this.#holds.has(id);
    this.#holds.set(id, release);
    return true;
  }

  #release(id: string): void {
    this.#holds.get(id)?.();
    this.#holds.delete(id);
  }

  /** How much is kept. */
  async #measure(): Promise<void> {
    const browser = (await this.#environment.storage()) ?? { used: null, room: null };
    const { kept, bytes } = this.#records;
    this.#set({ kept, storage: { runs: bytes, ...browser } });
  }

  #set(change: Partial<LibraryView>): void {
    this.#state = { ...this.#state, ...change };
    this.#publisher.later();
  }
}
