/**
 * A line to a trainer worker: one worker at a time, replaced when it cannot be used again.
 *
 * Invariants (runController.test.ts, store.test.ts). (1) A message from a worker that has been replaced reaches nobody. (2) A worker
 * runs one run: `start` on a used or failed worker begins with a fresh one. (3) Silence is noticed: a worker that does not answer a
 * probe, says nothing while it starts, or is not heard of while its run goes on, is reported, so that the page never just waits. (4) So is one that ends without a word, at once.
 */
import type { RunSettings } from '../train/settings.ts';
import type { FromTrainer, ToTrainer } from '../worker/protocol.ts';
import type { LabEnvironment, TrainerPort } from './environment.ts';

export interface TrainerListener {
  readonly onMessage: (message: FromTrainer) => void;
  /** The worker is gone; the message says why as far as it is known. */
  readonly onCrash: (message: string) => void;
  /** Nothing has been heard for too long. A late answer still arrives as a message. */
  readonly onSilence: (message: string) => void;
}

/** Patience with a worker that was asked which engine it would use, milliseconds. */
export const probePatience = 30_000;
/** Patience with a worker that says nothing while it starts a run, milliseconds. */
export const startPatience = 120_000;
/** Patience with a worker whose run goes on: it says something every few seconds, or after each step where one takes longer. */
export const runPatience = 120_000;
/** After a sleep the page's clock may ring before what the worker says arrives: it is listened to this long before silence is reported. */
export const secondPatience = 10_000;

type Waiting = 'probe' | 'start' | 'run';

const patience: Readonly<Record<Waiting, number>> = {
  probe: probePatience,
  start: startPatience,
  run: runPatience,
};

export class TrainerLink {
  readonly #environment: LabEnvironment;
  #listener: TrainerListener | null = null;
  #port: TrainerPort | null = null;
  #spent = false;
  #waiting: Waiting | null = null;
  #unanswered = 0;
  #cancelWatch: (() => void) | null = null;

  constructor(environment: LabEnvironment) {
    this.#environment = environment;
  }

  /** From now on this listener hears what the worker says, and nobody else. */
  listen(listener: TrainerListener): void {
    this.#listener = listener;
  }

  /** True while a worker lives that could still do something for its run. */
  get alive(): boolean {
    return this.#port !== null;
  }

  /** Ask which engine a backend setting would mean; answered by `probed` or `failed`. */
  probe(backend: RunSettings['run']['backend']): void {
    if (this.#spent) this.replace();
    this.#unanswered++;
    this.#watch('probe');
    this.#send({ type: 'probe', backend, baseUrl: this.#environment.baseUrl });
  }

  /** True when no later probe is under way: an answer that is overtaken says nothing about the form as it is now. */
  get answersAreCurrent(): boolean {
    return this.#unanswered === 0;
  }

  /**
   * @param sharedBy how many runs share the machine, this one counted
   * @param from a run checkpoint to go on from
   */
  start(settings: RunSettings, sharedBy: number, from?: Uint8Array): void {
    if (this.#spent) this.replace();
    this.#spent = true;
    this.#watch('start');
    const { baseUrl } = this.#environment;
    this.#send({ type: 'start', settings, baseUrl, sharedBy, ...(from === undefined ? {} : { from }) });
  }

  /** @param sharedBy how many runs share the machine now, this one counted */
  share(sharedBy: number): void {
    if (this.#port !== null && this.#spent) this.#send({ type: 'share', sharedBy });
  }

  command(type: 'pause' | 'resume' | 'step' | 'weights'): void {
    this.#send({ type });
  }

  /** End this worker; the next message goes to a fresh one. */
  replace(): void {
    this.#stopWatch();
    this.#port?.terminate();
    this.#port = null;
    this.#spent = false;
    this.#unanswered = 0;
  }

  #send(message: ToTrainer): void {
    try {
      this.#port ??= this.#connect();
      this.#port.post(message);
    } catch (error) {
      this.#crash(error instanceof Error ? error.message : String(error));
    }
  }

  #connect(): TrainerPort {
    const port = this.#environment.createTrainer();
    port.onMessage((message) => {
      if (port === this.#port) this.#receive(message);
    });
    port.onError((message) => {
      if (port === this.#port) this.#crash(message);
    });
    return port;
  }

  #receive(message: FromTrainer): void {
    if (message.type === 'alive') return this.#watchEnd(message.lock);
    if (message.type === 'probed') this.#unanswered--;
    // A trainer that has failed, even at a probe, takes no further run.
    if (message.type === 'failed') [this.#spent, this.#unanswered] = [true, 0];
    const starting = message.type === 'boot' || (message.type === 'status' && message.status === 'starting');
    if (this.#waiting === 'start' && (starting || message.type === 'probed')) this.#watch('start');
    else if (goesOn(message, this.#waiting)) this.#watch('run');
    else this.#stopWatch();
    this.#listener?.onMessage(message);
  }

  /** A worker may end without a word, for want of memory for example; its lock is free then. */
  #watchEnd(lock: string): void {
    const port = this.#port;
    void this.#environment.locks.released(lock).then(() => {
      if (port !== null && port === this.#port) this.#crash('it ended without a word.');
    });
  }

  #crash(message: string): void {
    this.replace();
    this.#listener?.onCrash(message);
  }

  #watch(waiting: Waiting): void {
    this.#stopWatch();
    this.#waiting = waiting;
    this.#cancelWatch = this.#environment.after(patience[waiting], () => {
      this.#cancelWatch = this.#environment.after(secondPatience, () => {
        this.#stopWatch();
        // A late word is one of a run that goes on.
        if (waiting === 'run') this.#waiting = waiting;
        this.#listener?.onSilence(silence(waiting));
      });
    });
  }

  #stopWatch(): void {
    this.#cancelWatch?.();
    this.#cancelWatch = null;
    this.#waiting = null;
  }
}

/** Whether more is to be expected of a run after this message. */
function goesOn(message: FromTrainer, waiting: Waiting | null): boolean {
  switch (message.type) {
    case 'status':
      return message.status === 'running';
    case 'events':
    case 'beat':
      return true;
    case 'boot':
    case 'started':
    case 'engine':
    case 'checkpoint':
    case 'weights':
    case 'weightsFailed':
    case 'alive':
    case 'probed':
      return waiting === 'run';
    case 'failed':
      return false;
  }
}

function silence(waiting: Waiting): string {
  const seconds = patience[waiting] / 1000;
  switch (waiting) {
    case 'probe':
      return `The trainer has not said within ${seconds} seconds which engine it can use.`;
    case 'start':
      return `The trainer has been starting for ${seconds} seconds and has said nothing.`;
    case 'run':
      return `Nothing has been heard of the trainer for ${seconds} seconds; it hangs, or the machine is very slow.`;
  }
}
