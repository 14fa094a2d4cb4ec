/**
 * The runs that the lab holds, live and recorded, and which of them is in focus: the one that the page shows and its buttons act on.
 */
import type { RecordedRun } from '../record/recordedRun.ts';
import type { LabEnvironment } from './environment.ts';
import { Replay, type RecordedSource } from './replay.ts';
import { RunController, type RunOptions } from './runController.ts';
import type { Publisher } from './snapshots.ts';
import type { RunsState } from './state.ts';

export type HeldRun = RunController | Replay;

export class Runs {
  readonly #environment: LabEnvironment;
  readonly #publisher: Publisher;
  readonly #notice: (text: string) => void;
  #runs: readonly HeldRun[] = [];
  #focused: HeldRun | null = null;
  #made = 0;

  /** @param notice takes sentences that a person should read */
  constructor(environment: LabEnvironment, publisher: Publisher, notice: (text: string) => void) {
    this.#environment = environment;
    this.#publisher = publisher;
    this.#notice = notice;
    environment.onHidden(() => {
      for (const run of this.#runs) if (run.kind === 'live') run.pageHidden();
    });
  }

  /** Oldest first. */
  get all(): readonly HeldRun[] {
    return this.#runs;
  }

  get focused(): HeldRun | null {
    return this.#focused;
  }

  get state(): RunsState {
    return { runs: this.#runs.map(({ state }) => state), focus: this.#focused?.id ?? null };
  }

  /** Start a live run and bring it into focus. */
  start(options: Omit<RunOptions, 'id'>): RunController {
    const run = new RunController(
      this.#environment,
      { ...options, id: this.#nextId() },
      {
        changed: () => {
          this.#keepAwake();
          this.#publisher.later();
        },
        notice: this.#notice,
      },
    );
    this.#add(run);
    run.start();
    return run;
  }

  /** Show a recorded run, and bring it into focus. */
  show(run: RecordedRun, kind: RecordedSource, name: string): Replay {
    const replay = new Replay(this.#environment, { id: this.#nextId(), run, kind, name }, () =>
      this.#publisher.now(),
    );
    this.#add(replay);
    return replay;
  }

  focus(run: HeldRun): void {
    if (this.#runs.includes(run)) this.#focused = run;
  }

  /** End a run and forget it; where it was in focus, the newest that is left comes into it. */
  close(run: HeldRun): void {
    run.end();
    this.#runs = this.#runs.filter((other) => other !== run);
    if (this.#focused === run) this.#focused = this.#runs.at(-1) ?? null;
    this.#keepAwake();
  }

  #add(run: HeldRun): void {
    this.#runs = [...this.#runs, run];
    this.#focused = run;
  }

  #nextId(): string {
    return `run-${++this.#made}`;
  }

  #keepAwake(): void {
    const going = this.#runs.some(
      (run) => run.kind === 'live' && (run.status === 'starting' || run.status === 'running'),
    );
    this.#environment.keepAwake(going);
  }
}
