/**
 * A stream of ticks: the shape of everything in the recipe that takes time, so that whoever pulls it can pause.
 *
 * Between two yields lies at most one optimizer step or one rollout chunk, so the worker, a test or the command line can stop
 * pulling there without the recipe knowing. A stream inside another is delegated to with `yield*` (or handled as `silently`
 * does), so that `return()` on the outer one runs the `finally` of the inner ones and nothing stays open.
 */
import type { RunCheckpoint } from './checkpoint.ts';
import type { RunEvent, RunTick } from './events.ts';

/** Yields ticks; returns a result. */
export type TickStream<Result> = AsyncGenerator<RunTick, Result, void>;

/** A tick inside a step. */
export const within = (...events: readonly RunEvent[]): RunTick => ({ events, boundary: false, tokens: 0 });

/** A tick at which a person who presses Step expects to stop. */
export const boundary = (...events: readonly RunEvent[]): RunTick => ({ events, boundary: true, tokens: 0 });

/** The same tick, marked as one from which the run can go on later. */
export const resumable = (tick: RunTick, checkpoint: () => Promise<RunCheckpoint>): RunTick => ({
  ...tick,
  checkpoint,
});

/** The same stream with its events and tokens left out: for what a resumed run only makes again, and has reported before. */
export async function* silently<Result>(stream: TickStream<Result>): TickStream<Result> {
  try {
    for (;;) {
      const next = await stream.next();
      if (next.done === true) return next.value;
      yield within();
    }
  } finally {
    await stream.return(undefined as Result); // what it would return is read by nobody
  }
}

/** Tokens that a list of sequences holds. */
export function tokenCount(sequences: readonly { readonly tokens: Int32Array }[]): number {
  return sequences.reduce((count, { tokens }) => count + tokens.length, 0);
}

/** Everything that happened, and the result: for tests and for callers that never pause. */
export async function drain<Result>(
  stream: TickStream<Result>,
  onTick?: (tick: RunTick) => void,
): Promise<Result> {
  for (;;) {
    const next = await stream.next();
    if (next.done === true) return next.value;
    onTick?.(next.value);
  }
}
