/**
 * Time for the store: a stopwatch of active run time, and a throttle for snapshots. Neither reads a clock of its own: `now` and timers
 * come from the environment, so that a test turns them by hand.
 */
import type { LabEnvironment } from './environment.ts';

type Time = Pick<LabEnvironment, 'now' | 'after'>;

/** Seconds during which a run was really going. */
export class Stopwatch {
  readonly #time: Time;
  #before: number; // ms, of earlier stretches
  #since: number | null = null;

  /** @param seconds that count already */
  constructor(time: Time, seconds = 0) {
    this.#time = time;
    this.#before = 1000 * seconds;
  }

  get seconds(): number {
    const stretch = this.#since === null ? 0 : this.#time.now() - this.#since;
    return (this.#before + stretch) / 1000;
  }

  start(): void {
    this.#since ??= this.#time.now();
  }

  stop(): void {
    if (this.#since === null) return;
    this.#before += this.#time.now() - this.#since;
    this.#since = null;
  }
}

/** Runs an action at most once per interval: at once when it has rested that long, else when it has. */
export class Throttle {
  readonly #time: Time;
  readonly #interval: number; // ms
  readonly #action: () => void;
  #last = -Infinity;
  #cancel: (() => void) | null = null;

  constructor(time: Time, interval: number, action: () => void) {
    this.#time = time;
    this.#interval = interval;
    this.#action = action;
  }

  request(): void {
    if (this.#cancel !== null) return;
    const wait = Math.max(0, this.#last + this.#interval - this.#time.now());
    this.#cancel = this.#time.after(wait, () => this.run());
  }

  /** Now, whatever the interval says; a request that waits is served by it. */
  run(): void {
    this.#cancel?.();
    this.#cancel = null;
    this.#last = this.#time.now();
    this.#action();
  }
}
