/**
 * Contestants timed in turn: a machine that slows down slows all of them, and a ratio compares neighbours in time.
 */
import type { Now } from './measure.ts';

export interface TurnTiming {
  readonly now: Now;
  /** For the samples of all contestants together; warming up comes on top. */
  readonly secondsPerCell: number;
  /** Told what is being done next. */
  readonly onStage: (stage: string) => void;
}

export interface Turn {
  readonly name: string;
  /** Milliseconds of one run, when everything is compiled. */
  readonly warmUp: () => Promise<number>;
  /** Takes one sample, the mean of `repeats` runs, and keeps it. */
  readonly sample: (repeats: number) => Promise<void>;
}

/** A sample is the mean of as many runs as take this long, so that the timer's grain does not matter. */
const sampleMs = 200;
const mostSamples = 20;
export const leastSamples = 3;

/** Every contestant is warmed up, then each takes a sample in every round: all have the same number of samples. */
export async function takeTurns(
  { now, secondsPerCell, onStage }: TurnTiming,
  turns: readonly Turn[],
): Promise<void> {
  const repeats: number[] = [];
  for (const { name, warmUp } of turns) {
    onStage(`warming up ${name}`);
    const milliseconds = await warmUp();
    repeats.push(Math.max(1, Math.min(200, Math.round(sampleMs / Math.max(0.01, milliseconds)))));
  }
  const start = now();
  const seconds = () => (now() - start) / 1000;
  for (let round = 0; round < mostSamples; round++) {
    if (seconds() > secondsPerCell && round >= leastSamples) break;
    if (seconds() > 3 * secondsPerCell && round > 0) break; // one of each is all there is time for
    for (const [index, { name, sample }] of turns.entries()) {
      onStage(`timing ${name}, sample ${round + 1}`);
      await sample(repeats[index]!);
    }
  }
}
