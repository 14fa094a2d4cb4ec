/**
 * What a Python worker has to say and can wait: a message costs more than a small cell.
 *
 * Invariant (held.test.ts): before a cell that may not come back all that was before it has been said, so that it is blamed and nothing
 * else. Only before a cell that ends at once (plain.ts), and that no rebuild comes before, may something be left unsaid.
 */
import { endsAtOnce } from './plain.ts';
import { mostAtOnce, type FromWorker, type WireCell } from './protocol.ts';

/** Messages wait for each other no longer than this, milliseconds. */
const longestWait = 2;

export class Held {
  readonly #post: (messages: readonly FromWorker[]) => void;
  readonly #messages: FromWorker[] = [];
  /** Trajectories that may have something to rebuild. */
  readonly #stateful = new Set<number>();
  #cells: readonly WireCell[] = [];
  #position = 0;
  #since = 0;

  constructor(post: (messages: readonly FromWorker[]) => void) {
    this.#post = post;
  }

  released(trajectories: readonly number[]): void {
    for (const trajectory of trajectories) this.#stateful.delete(trajectory);
    this.#post([{ type: 'released' }]);
  }

  begin(cells: readonly WireCell[]): void {
    this.#cells = cells;
    this.#position = 0;
  }

  /** The batch's next cell has ended. */
  finished(message: Extract<FromWorker, { type: 'finished' }>): void {
    const cell = this.#cells[this.#position++];
    if (message.stateful && cell !== undefined) this.#stateful.add(cell.trajectory);
    const now = performance.now();
    if (this.#messages.length === 0) this.#since = now;
    this.#messages.push(message);
    const next = this.#cells[this.#position];
    // After the last one comes the batch's own end.
    if (next === undefined) return;
    const mayWait = endsAtOnce(next.code) && !this.#stateful.has(next.trajectory);
    if (mayWait && now - this.#since < longestWait && this.#messages.length < mostAtOnce - 1) return;
    this.#post(this.#messages.splice(0));
  }

  /** Says all that is left, and then this. */
  end(message: FromWorker): void {
    this.#post([...this.#messages.splice(0), message]);
  }
}
