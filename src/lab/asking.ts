/**
 * The page's line to a policy that a person asks (worker/asking.ts): one worker, made when it is first needed, that holds one policy at a
 * time.
 *
 * Invariants (asking.test.ts). (1) Every request settles: with its answer, or by a rejection with a sentence; also when the worker dies,
 * and the next request begins with a fresh one. (2) Weights are fetched once for as long as the same policy is asked.
 */
import type { Problem } from '../tasks/problem.ts';
import type { Trajectory } from '../tasks/trajectory.ts';
import type { RunSettings } from '../train/settings.ts';
import type { Alternative, FromAsk, ToAsk } from '../worker/askProtocol.ts';
import type { WorkerPort } from './workerPort.ts';

export type { Alternative } from '../worker/askProtocol.ts';
export type AskPort = WorkerPort<ToAsk, FromAsk>;

/** A policy that can be asked. */
export interface AskedPolicy {
  /** Names it: the run, and the round of its weights. */
  readonly key: string;
  readonly settings: RunSettings;
  /** Rejects with a sentence where they cannot be had. */
  readonly weights: () => Promise<Uint8Array>;
}

/** A trajectory that is being written has no `stop` yet. */
export type Writing = Omit<Trajectory, 'stop'>;

export interface AskAnswer {
  readonly trajectory: Trajectory;
  readonly right: boolean;
  /** A person stopped it. */
  readonly stopped: boolean;
}

interface Waiting {
  readonly resolve: (message: FromAsk) => void;
  readonly reject: (error: Error) => void;
  readonly written?: (trajectory: Writing) => void;
}

type Request = Extract<ToAsk, { readonly id: number }>;
type Unnumbered<T> = T extends Request ? Omit<T, 'id'> : never;

export class Asker {
  readonly #createWorker: () => AskPort;
  readonly #baseUrl: string;
  #port: AskPort | null = null;
  #loaded: string | null = null;
  #made = 0;
  readonly #waiting = new Map<number, Waiting>();

  /** @param baseUrl the page's own address: Python lies below it */
  constructor(createWorker: () => AskPort, baseUrl: string) {
    this.#createWorker = createWorker;
    this.#baseUrl = baseUrl;
  }

  /** @param written is told how far the answer has come, token by token */
  async ask(
    policy: AskedPolicy,
    problem: Problem,
    seed: number,
    written: (trajectory: Writing) => void,
  ): Promise<AskAnswer> {
    await this.#load(policy);
    const message = await this.#request({ type: 'ask', problem, seed }, written);
    if (message.type !== 'answered') throw new Error('The policy gave no answer.');
    return message;
  }

  /** What the policy finds likely at each place of a trajectory, most likely first. // [tokens][<= 5] */
  async look(policy: AskedPolicy, tokens: Int32Array): Promise<readonly (readonly Alternative[])[]> {
    await this.#load(policy);
    const message = await this.#request({ type: 'look', tokens });
    if (message.type !== 'alternatives') throw new Error('The policy told no alternatives.');
    return message.places;
  }

  /** End the answer that is being written; it is kept as far as it has come. */
  stop(): void {
    this.#port?.post({ type: 'stop' });
  }

  dispose(): void {
    this.#fail('the page has closed it.');
  }

  async #load({ key, settings, weights }: AskedPolicy): Promise<void> {
    if (this.#loaded === key && this.#port !== null) return;
    const bytes = await weights();
    this.#loaded = null;
    await this.#request({ type: 'load', weights: bytes, settings, baseUrl: this.#baseUrl });
    this.#loaded = key;
  }

  #request(message: Unnumbered<ToAsk>, written?: (trajectory: Writing) => void): Promise<FromAsk> {
    const id = ++this.#made;
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject, ...(written === undefined ? {} : { written }) });
      (this.#port ??= this.#open()).post({ ...message, id });
    });
  }

  #open(): AskPort {
    const port = this.#createWorker();
    port.onMessage((message) => {
      const waiting = port === this.#port ? this.#waiting.get(message.id) : undefined;
      if (waiting === undefined) return;
      if (message.type === 'written') {
        waiting.written?.(message.trajectory);
        return;
      }
      this.#waiting.delete(message.id);
      if (message.type === 'failed') waiting.reject(new Error(message.message));
      else waiting.resolve(message);
    });
    port.onError((message) => {
      if (port === this.#port) this.#fail(message);
    });
    return port;
  }

  /** The worker is of no more use. */
  #fail(message: string): void {
    this.#port?.terminate();
    this.#port = null;
    this.#loaded = null;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(new Error(`The policy stopped working: ${message}`));
  }
}
