/**
 * Work on the library's records, one after the other for each run.
 *
 * Invariant (runKeeper.test.ts): of work that replaces its like, such as the writing of a run's newest moment, only the newest waits.
 */
export class WriteQueue {
  readonly #queues = new Map<string, Promise<void>>();
  readonly #waiting = new Map<string, () => Promise<void>>();

  /** Settles when everything that has been asked for by now is done. */
  async settled(id: string): Promise<void> {
    await this.#queues.get(id);
  }

  /** Do some work when its turn has come. @param replaces it stands in for such work that still waits */
  add(id: string, task: () => Promise<void>, replaces: boolean): void {
    const before = this.#queues.get(id) ?? Promise.resolve();
    const waits = this.#waiting.has(id);
    if (replaces) this.#waiting.set(id, task);
    if (replaces && waits) return; // whoever stands in the queue does the newest
    const turn = async () => {
      const newest = replaces ? this.#waiting.get(id) : task;
      if (replaces) this.#waiting.delete(id);
      await newest?.();
    };
    this.#queues.set(
      id,
      before.then(turn).catch(() => undefined),
    );
  }
}
