/**
 * Runs that were taken out of the list and can be had back, the latest last.
 */
import type { DeletedRun } from './state.ts';

export class DeletedRuns<Run extends { readonly id: string }> {
  #runs: readonly Run[] = [];
  /** For the page; the same array until something changes. */
  view: readonly DeletedRun[] = [];

  add(run: Run, name: string): void {
    this.#runs = [...this.#runs, run];
    this.view = [...this.view, { id: run.id, name }];
  }

  takeLast(): Run | null {
    const last = this.#runs.at(-1) ?? null;
    this.#runs = this.#runs.slice(0, -1);
    this.view = this.view.slice(0, -1);
    return last;
  }

  takeAll(): readonly Run[] {
    const all = this.#runs;
    this.#runs = [];
    this.view = [];
    return all;
  }
}
