/**
 * When a run is worth saving: often enough that little is lost, seldom enough that it costs little. The clock decides only what is kept,
 * never what is trained.
 *
 * Invariants (saving.test.ts). (1) Saving takes at most a twentieth of the time, however large the policy: the next one waits for that.
 * (2) A stage’s first step and a phase’s last one are saved out of turn, while a checkpoint is cheap or a quarter of the time suffices.
 * (3) So is the end of the run, always: it is what a finished run is asked and forked from.
 */
import type { RunEvent } from '../train/events.ts';

/** Least time between two checkpoints, milliseconds. */
export const saveInterval = 15_000;
/** Time that passes for every unit of time spent on saving. */
const restPerCost = 20;
/** The same for a landmark. There are half a dozen in a run, and a busy machine makes every checkpoint dear. */
const restPerCostOfLandmark = 4;
/** A checkpoint that takes no longer than this may be taken at a landmark out of turn, milliseconds. */
const cheap = 250;

export class SavingClock {
  #last: number; // ms
  #cost = 0; // ms, of the last one
  #total = 0; // units of the phase that goes on; 0 while unknown
  #landmark = false;
  #end = false;

  /** @param now from when the first interval counts */
  constructor(now: number) {
    this.#last = now;
  }

  /** Follow the run: is this a first step or a last one? */
  note(events: readonly RunEvent[]): void {
    for (const event of events) {
      if (event.type === 'phase') {
        this.#total = event.total;
      } else if (event.type === 'progress') {
        const first = (event.phase === 'stage1' || event.phase === 'stage2') && event.done === 1;
        this.#landmark = first || event.done === this.#total;
        this.#end = event.phase === 'evaluation' && event.done === this.#total;
      }
    }
  }

  /** Whether the tick just noted, one that can be resumed from, is to be saved. */
  isDue(now: number): boolean {
    const since = now - this.#last;
    if (this.#end) return true;
    if (this.#landmark && (this.#cost <= cheap || since >= restPerCostOfLandmark * this.#cost)) return true;
    return since >= Math.max(saveInterval, restPerCost * this.#cost);
  }

  /** It was saved, from `began` to `now`. */
  saved(began: number, now: number): void {
    this.#last = now;
    this.#cost = now - began;
    this.#landmark = false;
    this.#end = false;
  }
}
