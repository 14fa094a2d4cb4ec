/**
 * How many decoding steps the next chunk takes on a GPU, and whether another is queued behind it before it is read.
 *
 * A sequence that ends its turn inside a chunk is frozen until the chunk has been read, and one chunk longer where another is queued
 * behind: its row is computed for nothing, and worse, the whole rollout waits for it, since a step costs a small policy its latency and
 * not its rows. Nothing queued behind, on the other hand, leaves the GPU idle for a read-back. Which is dearer depends on how long turns
 * are, so that is counted: a dense policy calls after every eight tokens or so, a sparse one thinks for sixty. The pace decides only
 * when something is submitted, never what is sampled.
 */

/** An idle read-back in decoding steps: half a millisecond is about five on a fast card, one on a slow one. */
const READ_BACK = 2;
/** Steps of a chunk that another is queued behind: enough to hide a read-back. */
const AHEAD = 4;
/** Most steps of a chunk that is waited for. Turns longer than that pay for a chunk queued ahead. */
const LONGEST = 12;

export interface Pace {
  readonly steps: number;
  readonly ahead: boolean;
}

export class ChunkPace {
  /** Turns that have ended, by the number of tokens sampled in them; places without a turn are empty. */
  readonly #turns: number[] = [];
  #longest = 0;

  /** A sequence ended its turn, or itself, with `length` sampled tokens. */
  turnEnded(length: number): void {
    this.#turns[length] = (this.#turns[length] ?? 0) + 1;
    this.#longest = Math.max(this.#longest, length);
  }

  /**
   * The pace at which an average turn costs the fewest steps, idle read-backs counted as steps.
   * @param ages tokens that each running sequence has sampled in its turn; those older than every turn that has ended are turns of that
   *   length so far
   */
  choose(ages: readonly number[]): Pace {
    const turns = this.#turns.slice();
    for (const age of ages) if (age > this.#longest) turns[age] = (turns[age] ?? 0) + 1;
    let best: Pace = { steps: AHEAD, ahead: false };
    let least = Infinity;
    for (let steps = AHEAD; steps <= LONGEST; steps++) {
      const cost = stepsOfTurns(turns, steps, READ_BACK);
      if (cost < least) {
        least = cost;
        best = { steps, ahead: false };
      }
    }
    // With the next chunk queued no read-back is idle, but each turn waits for that chunk.
    const count = turns.reduce((a, b) => a + b, 0);
    if (stepsOfTurns(turns, AHEAD, 0) + AHEAD * count < least) best = { steps: AHEAD, ahead: true };
    return best;
  }
}

/** What all these turns take in chunks of `steps`, each of which costs `extra` steps more. */
function stepsOfTurns(turns: readonly number[], steps: number, extra: number): number {
  let sum = 0;
  turns.forEach((count, length) => {
    sum += count * Math.ceil(length / steps) * (steps + extra);
  });
  return sum;
}
