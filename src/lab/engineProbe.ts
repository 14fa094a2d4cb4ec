/**
 * Which engine the form's backend would get: asked of a trainer worker while there is no run, so that the page can say so before anyone
 * trains. The worker is then the next run's: it has loaded what it needs.
 */
import type { EngineView } from '../record/recordedRun.ts';
import type { RunSettings } from '../train/settings.ts';
import type { FromTrainer } from '../worker/protocol.ts';
import type { LabEnvironment } from './environment.ts';
import { failureView } from './failures.ts';
import type { Publisher } from './snapshots.ts';
import type { FailureView } from './state.ts';
import { TrainerLink } from './trainerLink.ts';

type Backend = RunSettings['run']['backend'];

export class EngineProbe {
  readonly #environment: LabEnvironment;
  readonly #publisher: Publisher;
  #link: TrainerLink | null = null;
  #engine: EngineView | null = null;
  #failure: FailureView | null = null;
  #silent = false;

  constructor(environment: LabEnvironment, publisher: Publisher) {
    this.#environment = environment;
    this.#publisher = publisher;
  }

  get engine(): EngineView | null {
    return this.#engine;
  }

  get failure(): FailureView | null {
    return this.#failure;
  }

  /** Ask; the answer to an earlier question is not waited for. */
  ask(backend: Backend): void {
    this.#engine = null;
    this.#failure = null;
    this.#link ??= new TrainerLink(this.#environment);
    this.#link.listen({
      onMessage: (message) => this.#receive(message),
      onCrash: (message) => this.#fail(failureView('trainer', `The trainer stopped working: ${message}`)),
      onSilence: (message) => {
        this.#silent = true;
        this.#fail(failureView('engine', message));
      },
    });
    this.#link.probe(backend);
  }

  /** Ask anew, of a fresh worker. */
  restart(backend: Backend): void {
    this.#link?.replace();
    this.ask(backend);
  }

  /** The worker that was asked, for a run to start on; a new one where it has been given away. */
  handOver(): TrainerLink {
    const link = this.#link ?? new TrainerLink(this.#environment);
    this.#link = null;
    this.#failure = null;
    return link;
  }

  dismissFailure(): void {
    this.#failure = null;
  }

  #receive(message: FromTrainer): void {
    if (this.#silent) {
      this.#silent = false;
      this.#failure = null;
      this.#publisher.later();
    }
    if (message.type === 'probed' && this.#link?.answersAreCurrent === true) {
      this.#engine = message.engine;
      this.#publisher.later();
    } else if (message.type === 'failed') {
      this.#fail(failureView(message.source, message.message));
    }
  }

  #fail(failure: FailureView): void {
    this.#failure = failure;
    this.#publisher.later();
  }
}
