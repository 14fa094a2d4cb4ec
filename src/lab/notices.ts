/**
 * Sentences that a person should read and may dismiss: what was corrected, what was not opened, what a run has to say.
 */
import type { Publisher } from './snapshots.ts';

export class Notices {
  readonly #publisher: Publisher;
  #all: readonly string[];

  constructor(publisher: Publisher, first: readonly string[]) {
    this.#publisher = publisher;
    this.#all = first;
  }

  get all(): readonly string[] {
    return this.#all;
  }

  add(...sentences: readonly string[]): void {
    if (sentences.length === 0) return;
    this.#all = [...this.#all, ...sentences];
    this.#publisher.later();
  }

  dismiss(index: number): void {
    this.#all = this.#all.filter((_, i) => i !== index);
  }
}
