/**
 * The runs that this tab works on: held by the browser's locks (runLocks.ts), and let go when they have ended.
 */
import type { RunLocks } from './environment.ts';

export class RunHolds {
  readonly #locks: RunLocks;
  /** How each is let go, by the run's id. */
  readonly #held = new Map<string, () => void>();

  constructor(locks: RunLocks) {
    this.#locks = locks;
  }

  has(id: string): boolean {
    return this.#held.has(id);
  }

  /** @returns false where another tab works on it */
  async hold(id: string): Promise<boolean> {
    if (this.#held.has(id)) return true;
    const release = await this.#locks.hold(id);
    // Asked for twice at once, the second has it from the first.
    if (release === null) return this.#held.has(id);
    this.#held.set(id, release);
    return true;
  }

  release(id: string): void {
    this.#held.get(id)?.();
    this.#held.delete(id);
  }
}
