/**
 * The runs that the lab holds, live and recorded, with their labels, and which of them is in focus: the one that the page shows and its
 * buttons act on. Any number of them may be live, each with a trainer worker of its own.
 *
 * How they share the machine: every run that goes on is told how many do, itself counted, at its start and whenever another comes, ends,
 * or is paused, and works on that part of the threads, at least one (`threadsFor` in worker/engineChoice.ts). Its engine changes over
 * between two of its calls; how many threads a run has changes its speed and no number in it. On a graphics card the runs take turns.
 *
 * Invariants (runs.test.ts). (1) Showing, opening or starting a run ends no other that is under way. (2) A finished run gives its worker
 * back when another starts. (3) A deleted run can be had back, until it is forgotten.
 */
import type { RecordedRun } from '../record/recordedRun.ts';
import type { LabEnvironment } from './environment.ts';
import type { KeptRun } from './keptRun.ts';
import { LabelBook } from './labelBook.ts';
import { Replay, type RecordedSource, type ReplayOptions } from './replay.ts';
import { isGoing, isUnderWay } from './runCondition.ts';
import { RunController } from './runController.ts';
import { plainName, type RunLabel } from './runLabels.ts';
import type { RestoredRun, RunOptions } from './runOptions.ts';
import type { SessionCheckpoint } from './session.ts';
import type { Publisher } from './snapshots.ts';
import type { RunsState, RunState } from './state.ts';
import type { TrainerLink } from './trainerLink.ts';

export type HeldRun = RunController | Replay | KeptRun;

/** Who keeps the runs beyond this page; told of whatever there is to keep. */
export interface RunsListener {
  added(run: RunController | Replay): void;
  saved(run: RunController, checkpoint: SessionCheckpoint): void;
  ended(run: RunController): void;
  labelled(run: HeldRun): void;
  deleted(run: HeldRun, deleted: boolean): void;
  forgotten(runs: readonly HeldRun[]): void;
}

export type RunStart = Omit<RunOptions, 'id'> & {
  /** What it is called; its preset and seed where absent. */
  readonly name?: string | undefined;
};

/** What the library had of a kept run. */
export type OpenedRun =
  | { readonly live: RestoredRun; readonly link: TrainerLink }
  | { readonly recorded: Omit<ReplayOptions, 'id'> };

export class Runs {
  readonly #environment: LabEnvironment;
  readonly #publisher: Publisher;
  readonly #notice: (text: string) => void;
  readonly #labels = new LabelBook();
  #runs: readonly HeldRun[] = [];
  #deleted: readonly HeldRun[] = [];
  #deletedView: RunsState['deleted'] = [];
  #focused: HeldRun | null = null;
  #states: readonly RunState[] = [];
  /** Ids in the list's order, those of deleted runs too. */
  #order: readonly string[] = [];
  #listener: RunsListener | null = null;

  /** @param notice takes sentences that a person should read */
  constructor(environment: LabEnvironment, publisher: Publisher, notice: (text: string) => void) {
    this.#environment = environment;
    this.#publisher = publisher;
    this.#notice = notice;
    environment.onHidden(() => {
      for (const run of this.#runs) if (run.kind === 'live') run.pageHidden();
    });
  }

  /** From now on this one is told. */
  listen(listener: RunsListener): void {
    this.#listener = listener;
  }

  /** Oldest first. */
  get all(): readonly HeldRun[] {
    return this.#runs;
  }

  get focused(): HeldRun | null {
    return this.#focused;
  }

  get state(): RunsState {
    const states = this.#runs.map((run) => this.#labels.labelled(run.id, run.state));
    const same =
      states.length === this.#states.length && states.every((state, i) => state === this.#states[i]);
    if (!same) this.#states = states;
    return {
      runs: this.#states,
      focus: this.#focused?.id ?? null,
      deleted: this.#deletedView,
    };
  }

  find(id: string): HeldRun | null {
    return this.#runs.find((run) => run.id === id) ?? null;
  }

  findLive(id: string): RunController | null {
    const run = this.find(id);
    return run?.kind === 'live' ? run : null;
  }

  label(id: string): RunLabel {
    return this.#labels.get(id);
  }

  // -- coming and going

  /** Start a live run and bring it into focus. */
  start(options: RunStart): RunController {
    const [run] = this.startTogether([options]);
    if (run === undefined) throw new Error('No run was started.');
    return run;
  }

  /** Start live runs that share the machine alike; the first comes into focus. */
  startTogether(all: readonly RunStart[]): readonly RunController[] {
    this.#giveWorkersBack();
    const sharedBy = this.#going().length + all.length;
    const runs = all.map(({ name, ...options }) => {
      const run = this.#live({ ...options, id: this.#environment.id() });
      this.#add(run, name ?? plainName(run.presetName, run.settings));
      this.#listener?.added(run);
      return run;
    });
    for (const run of runs) run.start(sharedBy);
    this.#focused = runs[0] ?? this.#focused;
    return runs;
  }

  /** Show a recorded run, and bring it into focus. */
  show(run: RecordedRun, kind: RecordedSource, name: string): Replay {
    const replay = this.#replay({ id: this.#environment.id(), run, kind, name });
    // A file's name says little of what is in it.
    this.#add(replay, kind === 'recording' ? name : plainName(run.presetName, run.settings));
    this.#listener?.added(replay);
    return replay;
  }

  /** List runs that were kept, before those that there are, and show none of them. */
  list(kept: readonly KeptRun[]): void {
    for (const { id, entry } of kept) this.#labels.set(id, entry.label);
    this.#order = [...kept.map(({ id }) => id), ...this.#order];
    this.#runs = [...kept, ...this.#runs];
  }

  /** A kept run is opened: it takes its place in the list, and the focus where it had that. */
  open(kept: KeptRun, opened: OpenedRun): RunController | Replay {
    const { id, settings, presetName, entry } = kept;
    const run =
      'live' in opened
        ? this.#live({
            ...{ id, settings, presetName, engine: entry.engine, parent: entry.parent },
            ...{ link: opened.link, restored: opened.live },
          })
        : this.#replay({ id, ...opened.recorded });
    this.#runs = this.#runs.map((other) => (other === kept ? run : other));
    if (this.#focused === kept) this.#focused = run;
    return run;
  }

  /** @param run null to show what the form describes */
  focus(run: HeldRun | null): void {
    if (run === null || this.#runs.includes(run)) this.#focused = run;
  }

  resume(run: RunController): void {
    const others = this.#going().filter((other) => other !== run);
    run.resume(others.length + 1);
  }

  /**
   * Take a run out of the list, to be had back or forgotten. Where it was in focus, another that goes on is shown, or else what the form
   * describes.
   */
  delete(run: HeldRun): void {
    if (!this.#runs.includes(run)) return;
    if (run.kind === 'live') run.stop();
    else run.end();
    this.#listener?.deleted(run, true);
    this.#runs = this.#runs.filter((other) => other !== run);
    this.#setDeleted([...this.#deleted, run]);
    if (this.#focused === run) this.#focused = this.#going().at(-1) ?? null;
    this.#keepAwake();
  }

  /** Bring back the run that was deleted last. */
  undoDelete(): void {
    const run = this.#deleted.at(-1);
    if (run === undefined) return;
    this.#setDeleted(this.#deleted.slice(0, -1));
    const at = ({ id }: HeldRun) => this.#order.indexOf(id);
    this.#runs = [...this.#runs, run].sort((a, b) => at(a) - at(b));
    this.#listener?.deleted(run, false);
  }

  forgetDeleted(): void {
    const gone = this.#deleted;
    this.#setDeleted([]);
    for (const { id } of gone) this.#labels.remove(id);
    this.#listener?.forgotten(gone);
  }

  // -- labels

  /** An empty name changes nothing; one that is taken gets a number. */
  rename(id: string, name: string): void {
    const free = this.#labels.nameFor(id, name);
    if (free !== null) this.relabel(id, { name: free });
  }

  note(id: string, note: string): void {
    this.relabel(id, { note: this.#labels.noteFor(note) });
  }

  relabel(id: string, change: Partial<RunLabel>): void {
    this.#labels.set(id, { ...this.label(id), ...change });
    const run = this.find(id);
    if (run !== null) this.#listener?.labelled(run);
  }

  // --

  #setDeleted(runs: readonly HeldRun[]): void {
    this.#deleted = runs;
    this.#deletedView = runs.map(({ id }) => ({ id, name: this.label(id).name }));
  }

  #live(options: RunOptions): RunController {
    const run: RunController = new RunController(this.#environment, options, {
      changed: () => this.#changed(),
      notice: this.#notice,
      saved: (checkpoint) => this.#listener?.saved(run, checkpoint),
      ended: () => this.#listener?.ended(run),
    });
    return run;
  }

  #replay(options: ReplayOptions): Replay {
    return new Replay(this.#environment, options, () => this.#publisher.now());
  }

  #add(run: HeldRun, name: string): void {
    this.#order = [...this.#order, run.id];
    this.#labels.add(run.id, name, run.settings);
    this.#runs = [...this.#runs, run];
    this.#focused = run;
  }

  /** Those that use the machine. */
  #going(): readonly RunController[] {
    return this.#runs.filter((run) => run.kind === 'live').filter(({ status }) => isGoing(status));
  }

  /** A worker that has nothing more to do holds memory that the next one may need. */
  #giveWorkersBack(): void {
    for (const run of this.#runs) if (run.kind === 'live' && !isUnderWay(run.status)) run.stop();
  }

  #changed(): void {
    const going = this.#going();
    for (const run of going) run.share(going.length);
    this.#keepAwake();
    this.#publisher.later();
  }

  #keepAwake(): void {
    this.#environment.keepAwake(this.#going().length > 0);
  }
}
