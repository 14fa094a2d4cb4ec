/**
 * Work that can be held: the shape of everything in the recipe that takes time.
 *
 * Invariant: between two yields lies at most one optimizer step or one rollout chunk, so whoever drives the generator
 * (the worker, a test, the command line) can pause there without the recipe knowing.
 */
import type { RunCheckpoint } from './checkpoint.ts';
import type { RunEvent, RunTick } from './events.ts';

/** Yields ticks; returns a result. */
export type Work<Result> = AsyncGenerator<RunTick, Result, void>;

/** A tick inside a step. */
export const within = (...events: readonly RunEvent[]): RunTick => ({ events, boundary: false, tokens: 0 });

/** A tick at which a person who presses Step expects to stop. */
export const boundary = (...events: readonly RunEvent[]): RunTick => ({ events, boundary: true, tokens: 0 });

/** The same tick, marked as one from which the run can go on later. */
export const resumable = (tick: RunTick, checkpoint: () => Promise<RunCheckpoint>): RunTick => ({
  ...tick,
  checkpoint,
});

/** The same work without a word: for what is only made again. */
export async function* silently<Result>(work: Work<Result>): Work<Result> {
  for (;;) {
    const next = await work.next();
    if (next.done === true) return next.value;
    yield within();
  }
}

/** Tokens that a list of sequences holds. */
export function tokenCount(sequences: readonly { readonly tokens: Int32Array }[]): number {
  return sequences.reduce((count, { tokens }) => count + tokens.length, 0);
}

/** Everything that happened, and the result: for tests and for callers that never pause. */
export async function drain<Result>(work: Work<Result>, onTick?: (tick: RunTick) => void): Promise<Result> {
  for (;;) {
    const next = await work.next();
    if (next.done === true) return next.value;
    onTick?.(next.value);
  }
}
