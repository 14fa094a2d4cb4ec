/**
 * The life of a live run: started, held, failed, interrupted, gone on, ended. It owns the run's status, its worker, its session and its
 * checkpoint; what a person may do is decided by these, never by what the page was last told.
 *
 * Invariants (runController.test.ts, resume.test.ts). (1) Every failure ends in a state from which Train and Reset work, and going on too
 * once a checkpoint was kept. (2) A run that goes on shows what had been seen when its checkpoint was taken, then what follows: nothing
 * twice, nothing left out. (3) Elapsed time is that of the work that counts: held time and work that was lost do not.
 */
import { weightsPlace } from '../export/weightsPlace.ts';
import type { Origin, RecordedRun } from '../record/recordedRun.ts';
import type { RunSettings } from '../train/settings.ts';
import type { FailureSource, FromTrainer } from '../worker/protocol.ts';
import { Stopwatch } from './clock.ts';
import type { LabEnvironment } from './environment.ts';
import { failureView, movedNotice } from './failures.ts';
import { idleRun } from './idleRun.ts';
import { liveRecord, liveState } from './liveRun.ts';
import { isUnderWay, starting, withStatus, type LiveStatus, type RunCondition } from './runCondition.ts';
import type { RunListener, RunOptions } from './runOptions.ts';
import {
  newSession,
  restoredSession,
  rewound,
  withCheckpoint,
  withEvents,
  type Session,
  type SessionCheckpoint,
} from './session.ts';
import type { BareRunState, FailureView, RunRequest } from './state.ts';
import type { TrainerLink } from './trainerLink.ts';
import { WeightsRequests, type WeightsAnswer } from './weightsRequests.ts';

const hiddenNotice =
  'The page was in the background while it trained; browsers may slow it down there, so times and rates are not to be trusted.';

export class RunController {
  readonly kind = 'live';
  readonly id: string;
  readonly presetName: string;
  readonly #environment: LabEnvironment;
  readonly #listener: RunListener;
  readonly #link: TrainerLink;
  readonly #weights: WeightsRequests;
  readonly #idle: BareRunState;
  #session: Session;
  #watch: Stopwatch;
  #condition: RunCondition;
  /** Runs that share the machine with it, itself counted. */
  #sharedBy = 1;
  /** The failure that only says that nothing was heard; a late word takes it back. */
  #silence: FailureView | null = null;
  #saidHidden = false;
  /** The base policy that it began from. */
  #base: RecordedRun['base'];
  #state: BareRunState | null = null;

  constructor(environment: LabEnvironment, options: RunOptions, listener: RunListener) {
    const { id, settings, presetName, engine, link, parent = null, restored } = options;
    this.id = id;
    this.presetName = presetName;
    this.#environment = environment;
    this.#listener = listener;
    this.#link = link;
    this.#weights = new WeightsRequests(environment);
    this.#idle = { ...idleRun(id, settings, presetName), parent };
    const { record = null, checkpoint = null } = restored ?? {};
    this.#session = restoredSession(settings, record, checkpoint);
    this.#watch = new Stopwatch(environment, checkpoint?.seconds ?? record?.elapsedSeconds);
    const { requested, boot, failure, tokensPerSecond } = this.#idle;
    this.#condition = {
      ...{ requested, boot, failure, tokensPerSecond },
      engine: record?.engine ?? engine,
      sandbox: record?.sandbox ?? null,
      parameters: record?.parameters ?? null,
      status: restored?.status ?? 'starting',
    };
    link.listen({
      onMessage: (message) => this.#receive(message),
      onCrash: (message) => this.#failed('trainer', `The trainer stopped working: ${message}`),
      onSilence: (message) => {
        this.#silence = failureView('engine', message, this.#session.checkpoint?.place ?? null);
        this.#change({ failure: this.#silence });
      },
    });
  }

  get settings(): RunSettings {
    return this.#session.settings;
  }

  /** The newest one. */
  get checkpoint(): SessionCheckpoint | null {
    return this.#session.checkpoint;
  }

  get status(): LiveStatus {
    return this.#condition.status;
  }

  /** The run as it is now; the same object until something changes, time included. */
  get state(): BareRunState {
    if (this.#state !== null && this.status !== 'running') return this.#state;
    this.#state = liveState(this.#idle, this.#condition, this.#session, this.#watch.seconds);
    return this.#state;
  }

  /** Everything that was measured, for a file. */
  record(recordedAt: string, origin: Origin): RecordedRun {
    const { presetName } = this;
    const elapsedSeconds = this.#watch.seconds;
    const made = { recordedAt, origin, presetName, base: this.#base, elapsedSeconds };
    return liveRecord(made, this.#condition, this.#session);
  }

  // -- what a person does

  /**
   * Begin: from the first step, or from the checkpoint that it was made with.
   * @param sharedBy how many runs share the machine, this one counted
   */
  start(sharedBy: number): void {
    this.#sharedBy = sharedBy;
    this.#start(this.#session.checkpoint?.bytes);
  }

  /** Other runs have come or gone: its trainer takes another part of the machine, without stopping. */
  share(sharedBy: number): void {
    if (sharedBy === this.#sharedBy || !isUnderWay(this.status)) return;
    this.#sharedBy = sharedBy;
    this.#link.share(sharedBy);
  }

  pause(): void {
    this.#command('pause', ['starting', 'running']);
  }

  /** Go on: where it stands if it was held, from its newest checkpoint if it failed, was interrupted, or is not heard of any more. */
  resume(sharedBy: number): void {
    const hangs = this.#silence !== null && this.#condition.failure === this.#silence;
    if (hangs || this.status === 'failed' || this.status === 'interrupted') this.#goOn(sharedBy);
    else this.#command('resume', ['paused']);
  }

  step(): void {
    this.#command('step', ['starting', 'running', 'paused']);
  }

  /** End its trainer. A run that was under way is interrupted by it; a finished one only gives its worker back. */
  stop(): void {
    this.#link.replace();
    this.#weights.settle({ ok: false, message: 'the run was stopped first.' });
    if (!isUnderWay(this.status)) return;
    this.#watch.stop();
    this.#condition = withStatus({ ...this.#condition, failure: null }, 'interrupted');
    this.#change({});
    this.#listener.ended();
  }

  dismissFailure(): void {
    this.#change({ failure: null });
  }

  /** The page was hidden: said once, where it matters. */
  pageHidden(): void {
    if (this.#saidHidden || this.status !== 'running') return;
    this.#saidHidden = true;
    this.#listener.notice(hiddenNotice);
  }

  /** Whether there is a worker that could hand out its weights. */
  get hasWeights(): boolean {
    return (
      this.#link.alive && (this.status === 'running' || this.status === 'paused' || this.status === 'done')
    );
  }

  /** The current weights; a sentence where they cannot be had. */
  askForWeights(): Promise<WeightsAnswer> {
    const answer = this.#weights.wait();
    this.#link.command('weights');
    return answer;
  }

  #command(request: RunRequest, allowed: readonly LiveStatus[]): void {
    if (!allowed.includes(this.status)) return;
    this.#change({ requested: request });
    this.#link.command(request);
  }

  /** A fresh worker takes the run up at its newest checkpoint; one that was interrupted before its first, at the beginning. */
  #goOn(sharedBy: number): void {
    const { checkpoint, settings } = this.#session;
    if (checkpoint === null && this.status === 'failed') return;
    this.#sharedBy = sharedBy;
    this.#silence = null;
    this.#link.replace();
    this.#session = checkpoint === null ? newSession(settings) : rewound(this.#session, checkpoint);
    this.#watch = new Stopwatch(this.#environment, checkpoint?.seconds);
    this.#start(checkpoint?.bytes);
  }

  #start(from?: Uint8Array): void {
    this.#change(starting(this.#condition));
    this.#link.start(this.settings, this.#sharedBy, from);
  }

  // -- what the worker says

  #receive(message: FromTrainer): void {
    if (this.#silence !== null && this.#condition.failure === this.#silence) this.#change({ failure: null });
    this.#silence = null;
    switch (message.type) {
      case 'alive':
      case 'beat':
      case 'probed':
        return; // asked before the worker was this run's
      case 'boot':
        this.#change({ boot: { message: message.message, share: message.share ?? null } });
        return;
      case 'started':
        this.#started(message);
        return;
      case 'engine':
        this.#change({ engine: { ...message.engine, memory: this.#condition.engine?.memory } });
        return;
      case 'status':
        this.#setStatus(message.status);
        return;
      case 'events':
        this.#session = withEvents(this.#session, message.events, this.#watch.seconds);
        this.#change({ tokensPerSecond: message.tokensPerSecond, boot: null }); // what was being prepared is ready
        return;
      case 'checkpoint':
        this.#takeCheckpoint(message);
        return;
      case 'weights': {
        const { bytes, phase, round } = message;
        this.#weights.settle({ ok: true, bytes, name: phase, place: weightsPlace(phase, round) });
        return;
      }
      case 'weightsFailed':
        this.#weights.settle({ ok: false, message: message.message });
        return;
      case 'failed':
        this.#failed(message.source, message.message);
        return;
    }
  }

  #takeCheckpoint({ place, bytes }: Extract<FromTrainer, { type: 'checkpoint' }>): void {
    this.#session = withCheckpoint(this.#session, place, bytes, this.#watch.seconds);
    this.#change({});
    if (this.#session.checkpoint !== null) this.#listener.saved(this.#session.checkpoint);
  }

  #started({ engine, sandbox, parameters, memory, base }: Extract<FromTrainer, { type: 'started' }>): void {
    this.#base = base ?? this.#base;
    const moved = this.#session.checkpoint === null ? null : movedNotice(this.#condition.engine, engine);
    this.#change({ engine: { ...engine, memory }, sandbox, parameters, boot: null });
    if (moved !== null) this.#listener.notice(moved);
  }

  #setStatus(status: LiveStatus): void {
    if (status === 'running') this.#watch.start();
    else this.#watch.stop();
    this.#change(withStatus(this.#condition, status));
    if (status === 'done' || status === 'failed') this.#listener.ended();
  }

  #failed(source: FailureSource, message: string): void {
    this.#weights.settle({ ok: false, message: 'the run has failed.' });
    // A checkpoint that cannot be read is none.
    if (source === 'checkpoint') this.#session = { ...this.#session, checkpoint: null };
    this.#setStatus('failed');
    const place = this.#session.checkpoint?.place ?? null;
    this.#change({ failure: failureView(source, message, place), boot: null });
  }

  #change(change: Partial<RunCondition>): void {
    this.#condition = { ...this.#condition, ...change };
    this.#state = null;
    this.#listener.changed();
  }
}
