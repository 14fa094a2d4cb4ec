/**
 * The snapshots that an engine has handed out: which weights stand behind each, until it is disposed of.
 *
 * A snapshot is opaque to its holder; `Weights` is whatever the engine keeps of it (a buffer, tensors).
 */
import type { WeightSnapshot } from './engine.ts';

export class WeightSnapshots<Weights> {
  readonly #held = new Map<WeightSnapshot, Weights>();
  readonly #release: (weights: Weights) => void;

  constructor(release: (weights: Weights) => void) {
    this.#release = release;
  }

  add(weights: Weights): WeightSnapshot {
    const snapshot: WeightSnapshot = {
      dispose: () => {
        if (this.#held.delete(snapshot)) this.#release(weights);
      },
    };
    this.#held.set(snapshot, weights);
    return snapshot;
  }

  /** Throws a sentence on a snapshot that was disposed of, or that another engine made. */
  weightsOf(snapshot: WeightSnapshot): Weights {
    const weights = this.#held.get(snapshot);
    if (weights === undefined) {
      throw new Error('This snapshot of weights was disposed of, or belongs to another engine.');
    }
    return weights;
  }

  /** Dispose of every snapshot that is left, with the engine. */
  dispose(): void {
    for (const snapshot of [...this.#held.keys()]) snapshot.dispose();
  }
}
