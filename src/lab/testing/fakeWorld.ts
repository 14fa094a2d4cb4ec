/**
 * Fakes for the lab's tests: a world with a hand-turned clock and scripted trainers.
 */
import type { EngineView } from '../../record/recordedRun.ts';
import type { RunEvent } from '../../train/events.ts';
import type { FromTrainer, ToTrainer } from '../../worker/protocol.ts';
import type { LabEnvironment, TrainerPort } from '../environment.ts';
import { readLabFile } from '../labFile.ts';
import type { RunLibrary } from '../library/runLibrary.ts';

export type { FromTrainer };

export const engine: EngineView & { readonly backend: 'wasm' } = {
  engine: 'tfjs',
  backend: 'wasm',
  adapter: 'WebAssembly, 2 threads',
  isSoftware: true,
  reason: 'The browser offers no WebGPU adapter.',
};

export class FakeTrainer implements TrainerPort {
  readonly received: ToTrainer[] = [];
  terminated = false;
  #message: (message: FromTrainer) => void = () => undefined;
  #error: (message: string) => void = () => undefined;

  post(message: ToTrainer): void {
    this.received.push(structuredClone(message));
  }
  onMessage(listener: (message: FromTrainer) => void): void {
    this.#message = listener;
  }
  onError(listener: (message: string) => void): void {
    this.#error = listener;
  }
  terminate(): void {
    this.terminated = true;
  }

  /** What the worker says, in the test's words. */
  say(...messages: readonly FromTrainer[]): void {
    for (const message of messages) this.#message(structuredClone(message));
  }
  crash(message: string): void {
    this.#error(message);
  }
  tell(...events: readonly RunEvent[]): void {
    this.say({ type: 'events', events, tokensPerSecond: 1000 });
  }
}

/** A world in which nothing happens but what a test does. */
export class FakeWorld {
  readonly trainers: FakeTrainer[] = [];
  query = '';
  awake = false;
  /** What can be downloaded. */
  readonly files = new Map<string, BlobPart>();
  readonly environment: LabEnvironment;
  /** How the library is opened; null where the browser keeps nothing. */
  library: (() => Promise<RunLibrary>) | null = null;
  /** How a worker's lock becomes free. */
  readonly workerLocks = new Map<string, () => void>();
  /** Runs that some tab works on. */
  readonly locked: Set<string>;
  #ids = 0;
  #time = 0;
  #timers: { readonly due: number; readonly action: () => void }[] = [];
  #hidden: () => void = () => undefined;

  /** @param locked shared by the tabs of one browser */
  constructor(query = '', locked = new Set<string>()) {
    this.query = query;
    this.locked = locked;
    this.environment = {
      createTrainer: () => {
        const trainer = new FakeTrainer();
        this.trainers.push(trainer);
        return trainer;
      },
      createSandbox: () => Promise.reject(new Error('a test has no Python.')),
      baseUrl: 'https://lab.example/',
      address: { read: () => this.query, replace: (next) => (this.query = next) },
      now: () => this.#time,
      after: (milliseconds, action) => {
        const timer = { due: this.#time + milliseconds, action };
        this.#timers.push(timer);
        return () => {
          this.#timers = this.#timers.filter((other) => other !== timer);
        };
      },
      download: (path) => {
        const contents = this.files.get(path);
        return contents === undefined
          ? Promise.reject(new Error('404'))
          : Promise.resolve(new Blob([contents]));
      },
      readFile: readLabFile,
      id: () => `run-${++this.#ids}`,
      openLibrary: () => (this.library === null ? Promise.reject(new Error('a test')) : this.library()),
      locks: {
        hold: async (id) => {
          if (this.locked.has(id)) return null;
          this.locked.add(id);
          return () => void this.locked.delete(id);
        },
        released: (lock) => new Promise((resolve) => this.workerLocks.set(lock, resolve)),
        held: async () => new Set(this.locked),
      },
      storage: async () => ({ used: 1000, room: 9000 }),
      date: () => '2026-02-03T04:05:06.000Z',
      origin: { versions: { 'aster-lab': '0.1.0', zod: '4' }, userAgent: 'a test' },
      keepAwake: (on) => (this.awake = on),
      onHidden: (listener) => (this.#hidden = listener),
    };
  }

  /** The worker in use. */
  get trainer(): FakeTrainer {
    const trainer = this.trainers.at(-1);
    if (trainer === undefined) throw new Error('No trainer has been created.');
    return trainer;
  }

  hide(): void {
    this.#hidden();
  }

  /** Let time pass; timers fire in order. */
  pass(milliseconds: number): void {
    const end = this.#time + milliseconds;
    for (;;) {
      const next = this.#timers.filter((timer) => timer.due <= end).sort((a, b) => a.due - b.due)[0];
      if (next === undefined) break;
      this.#timers = this.#timers.filter((timer) => timer !== next);
      this.#time = Math.max(this.#time, next.due);
      next.action();
    }
    this.#time = end;
  }
}
