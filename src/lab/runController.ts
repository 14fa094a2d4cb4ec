/**
 * The life of a run: started, held, failed, gone on, forgotten; and what the trainer worker says meanwhile.
 *
 * Invariants. (1) Every failure ends in a state from which Train and Reset work, and going on too once a checkpoint was kept. (2) A run
 * that goes on shows what had been seen when its checkpoint was taken, then what follows: nothing twice, nothing left out.
 * (3) Elapsed time is that of the work that counts: held time and work that was lost do not.
 */
import type { RunEvent } from '../train/events.ts';
import type { RunSettings } from '../train/settings.ts';
import type { FailureSource, FromTrainer, RunStatus } from '../worker/protocol.ts';
import { Stopwatch } from './clock.ts';
import type { LabEnvironment } from './environment.ts';
import { failureView, movedNotice } from './failures.ts';
import type { RecordedRun } from '../record/runFile.ts';
import {
  idleState,
  liveSession,
  openedState,
  recordedSession,
  rewound,
  shownState,
  withEvents,
  withSaved,
  type Session,
} from './session.ts';
import type { Snapshots } from './snapshots.ts';
import type { FailureView, LabState } from './state.ts';
import { TrainerLink } from './trainerLink.ts';

type Weights = Extract<FromTrainer, { type: 'checkpoint' }>;

export class RunLife {
  readonly #environment: LabEnvironment;
  readonly #snapshots: Snapshots;
  readonly #link: TrainerLink;
  #session: Session | null = null;
  #watch: Stopwatch;
  #silence: FailureView | null = null;
  #waitingForWeights: ((weights: Weights | null) => void)[] = [];
  #saidHidden = false;

  constructor(environment: LabEnvironment, snapshots: Snapshots) {
    this.#environment = environment;
    this.#snapshots = snapshots;
    this.#watch = new Stopwatch(environment);
    this.#link = new TrainerLink(environment, {
      onMessage: (message) => this.#receive(message),
      onCrash: (message) => this.#failed('trainer', `The trainer stopped working: ${message}`),
      onSilence: (message) => this.#silent(message),
    });
    environment.onHidden(() => this.#hidden());
  }

  get session(): Session | null {
    return this.#session;
  }

  /** The part of the state that the run determines at this moment. */
  get shown(): Partial<LabState> {
    return this.#session === null ? {} : shownState(this.#session, this.#watch.seconds);
  }

  /** What the page shows of a run with these settings before there is one; nothing while there is one. */
  plan(settings: RunSettings): Partial<LabState> {
    if (this.#session !== null) return {};
    const { phases, collapse } = idleState(settings);
    return { phases, collapse };
  }

  /** Ask anew which engine the form's backend means; only while no run is shown. */
  askForEngine(): void {
    if (this.#session !== null) return;
    this.#snapshots.now({ engine: null, failure: null });
    this.probe();
  }

  probe(): void {
    this.#link.probe(this.#snapshots.state.settings.run.backend);
  }

  // -- what a person does

  train(): void {
    const { settings, presetName, settingProblems, series } = this.#snapshots.state;
    if (settingProblems.length > 0) return;
    const idle = this.#leave();
    this.#session = liveSession(settings, presetName, series.version + 1);
    this.#saidHidden = false;
    this.#start(
      { ...idle, source: { kind: 'live' }, runSettings: settings, runPresetName: presetName },
      settings,
    );
  }

  resume(): void {
    if (this.#snapshots.state.status === 'failed') this.#goOn();
    else this.command('resume', ['paused']);
  }

  step(): void {
    if (this.#session === null && this.#snapshots.state.status !== 'starting') this.train();
    this.command('step', ['starting', 'running', 'paused']);
  }

  command(type: 'pause' | 'resume' | 'step', allowed: readonly LabState['status'][]): void {
    if (this.#session?.live !== true || !allowed.includes(this.#snapshots.state.status)) return;
    this.#snapshots.now({ requested: type });
    this.#link.command(type);
  }

  reset(): void {
    const idle = this.#leave();
    this.#link.replace();
    this.#snapshots.now({ ...idle, engine: null });
    this.probe();
  }

  /** Show a run that is not live. */
  show(
    run: RecordedRun,
    kind: Parameters<typeof openedState>[1],
    name: string,
    remarks: readonly string[],
  ): void {
    const idle = this.#leave();
    const { series, notices } = this.#snapshots.state;
    this.#session = recordedSession(run, series.version + 1);
    this.#snapshots.now({ ...idle, ...openedState(run, kind, name), notices: [...notices, ...remarks] });
  }

  /** Show that run as it stood at a frame (`recorded.ts`), with the next snapshot. */
  showFrame(frame: number): void {
    const recorded = this.#session?.recorded ?? null;
    if (recorded === null) return;
    this.#session = recordedSession(recorded, this.#snapshots.state.series.version + 1, frame);
  }

  /** Whether there is a live worker that could hand out its weights. */
  get hasWeights(): boolean {
    const { status } = this.#snapshots.state;
    return this.#session?.live === true && this.#link.alive && status !== 'starting' && status !== 'failed';
  }

  /** Ask for the current weights; null comes when the run ends first. */
  askForWeights(answer: (weights: Weights | null) => void): void {
    this.#waitingForWeights.push(answer);
    this.#link.command('checkpoint');
  }

  /** A fresh worker takes the run up at its newest checkpoint. */
  #goOn(): void {
    const session = this.#session;
    if (session === null || session.saved === null) return;
    this.#link.replace();
    this.#session = rewound(session, session.saved);
    this.#watch = new Stopwatch(this.#environment, session.saved.seconds);
    this.#start({ failure: null }, session.settings, session.saved.bytes);
  }

  #start(change: Partial<LabState>, settings: RunSettings, from?: Uint8Array): void {
    const boot = { message: 'Starting the trainer', share: null };
    this.#snapshots.now({ ...change, status: 'starting', requested: null, boot });
    this.#environment.keepAwake(true);
    this.#link.start(settings, from);
  }

  /** Forget the run shown, and its worker if it had one. @returns the state as it is without a run, form and notices aside */
  #leave(): Partial<LabState> {
    if (this.#session?.live === true) this.#link.replace();
    this.#settleWeights(null);
    this.#session = null;
    this.#watch = new Stopwatch(this.#environment);
    this.#snapshots.dropPending();
    this.#silence = null;
    this.#environment.keepAwake(false);
    const { settings, engine, source, series } = this.#snapshots.state;
    return { ...idleState(settings, series.version + 1), engine: source.kind === 'live' ? engine : null };
  }

  // -- what the worker says

  #receive(message: FromTrainer): void {
    if (this.#silence !== null && this.#snapshots.state.failure === this.#silence)
      this.#snapshots.later({ failure: null });
    this.#silence = null;
    switch (message.type) {
      case 'probed':
        if (this.#session === null && this.#link.answersAreCurrent)
          this.#snapshots.later({ engine: message.engine });
        return;
      case 'boot':
        this.#snapshots.later({ boot: { message: message.message, share: message.share ?? null } });
        return;
      case 'started':
        this.#started(message);
        return;
      case 'status':
        if (this.#session !== null) this.#setStatus(message.status);
        return;
      case 'events':
        this.#takeIn(message.events, message.tokensPerSecond);
        return;
      case 'saved':
        if (this.#session === null) return;
        this.#session = withSaved(this.#session, message.place, message.bytes, this.#watch.seconds);
        this.#snapshots.later({ saved: message.place });
        return;
      case 'checkpoint':
        this.#settleWeights(message);
        return;
      case 'failed':
        this.#failed(message.source, message.message);
        return;
    }
  }

  #started({ engine, sandbox, parameters, memory }: Extract<FromTrainer, { type: 'started' }>): void {
    const { engine: before, notices } = this.#snapshots.coming;
    const moved = (this.#session?.saved ?? null) === null ? null : movedNotice(before, engine);
    this.#snapshots.later({ engine: { ...engine, memory }, sandbox, parameters, boot: null });
    if (moved !== null) this.#snapshots.later({ notices: [...notices, moved] });
  }

  #takeIn(events: readonly RunEvent[], tokensPerSecond: number): void {
    if (this.#session === null) return;
    this.#session = withEvents(this.#session, events, this.#watch.seconds);
    this.#snapshots.later({ tokensPerSecond, boot: null }); // whatever was being prepared is ready
  }

  #setStatus(status: RunStatus): void {
    const going = status === 'running' || status === 'starting';
    if (status === 'running') this.#watch.start();
    else this.#watch.stop();
    this.#environment.keepAwake(going);
    const { requested } = this.#snapshots.coming;
    const kept = status === 'running' ? requested === 'step' || requested === 'pause' : status === 'starting';
    this.#snapshots.later({
      status,
      requested: kept ? requested : null,
      ...(status === 'starting' ? {} : { boot: null }),
      ...(going ? {} : { tokensPerSecond: 0 }),
    });
  }

  #silent(message: string): void {
    this.#silence = failureView('engine', message);
    this.#snapshots.later({ failure: this.#silence });
  }

  #failed(source: FailureSource, message: string): void {
    this.#settleWeights(null);
    // A checkpoint that cannot be read is none.
    if (this.#session !== null && source === 'checkpoint') {
      this.#session = { ...this.#session, saved: null };
      this.#snapshots.later({ saved: null });
    }
    if (this.#session?.live === true) this.#setStatus('failed');
    const failure = failureView(source, message, this.#session?.saved?.place ?? null);
    this.#snapshots.later({ failure, boot: null });
  }

  #settleWeights(weights: Weights | null): void {
    for (const answer of this.#waitingForWeights) answer(weights);
    this.#waitingForWeights = [];
  }

  #hidden(): void {
    const { status, notices } = this.#snapshots.state;
    if (this.#saidHidden || status !== 'running') return;
    this.#saidHidden = true;
    this.#snapshots.later({
      notices: [
        ...notices,
        'The page was in the background while it trained; browsers may slow it down there, so times and rates are not to be trusted.',
      ],
    });
  }
}
