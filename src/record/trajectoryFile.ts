/**
 * Trajectories in an exported run: compact arrays, and the way back. A problem is written once, however many trajectories it has.
 *
 * Invariants (runFile.test.ts). (1) Reading gives exactly what was written: tokens, mask, float32 log-probabilities, calls, results; only the
 * log-probabilities after an update are rounded, to 1e-4 nats, and writing what was read changes nothing.
 * (2) Reading checks that tokens, mask and log-probabilities belong together, so that no later part meets arrays of different lengths.
 */
import { z } from 'zod';
import * as limits from '../foreign/limits.ts';
import { count as index, listOf, measured, text } from '../foreign/schema.ts';
import type { Problem } from '../tasks/problem.ts';
import type { Trajectory } from '../tasks/trajectory.ts';
import { vocabularySize } from '../tasks/vocabulary.ts';
import { longestSequence, type ScoredTrajectory } from '../train/events.ts';

/** Of a trajectory's tokens: one that is longer than any setting allows would freeze whatever draws it. */
const place = z.int().min(0).max(longestSequence);

export const problemSchema = z.object({
  id: text,
  family: text,
  question: text,
  start: text,
  answer: text,
  /** label, operation, code, value, thought, difficulty */
  steps: listOf(z.tuple([text, text, text, text, text, measured]), limits.problemSteps),
});
type ProblemRow = z.output<typeof problemSchema>;

const stateLost = z.literal(true).optional();
const resultSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('ok'), output: text, stateLost }),
  z.object({ kind: z.literal('error'), message: text, output: text, stateLost }),
  z.object({ kind: z.literal('timeout'), deadlineMs: measured, stateLost }),
  z.object({ kind: z.literal('memory'), message: text, stateLost }),
  z.object({ kind: z.literal('format'), message: text, stateLost }),
]);

export const trajectorySchema = z.object({
  /** Which of the file's problems. */
  problem: index,
  tokens: listOf(index.max(vocabularySize - 1), longestSequence),
  /** Lengths of runs of equal mask, forced first: [prompt, sampled, tool output, sampled, ...]. */
  mask: listOf(place, longestSequence + 1),
  /** Of the sampled tokens only; null for a teacher's trajectory, which has none. */
  logProbs: listOf(measured, longestSequence).nullable(),
  /** code, result, start, end */
  calls: listOf(z.tuple([text, resultSchema, place, place]), limits.trajectoryCalls),
  stop: z.enum(['end', 'context', 'budget']),
});
type TrajectoryRow = z.output<typeof trajectorySchema>;

export const scoredSchema = trajectorySchema.extend({
  reward: measured,
  advantage: measured,
  prompt: index,
  sample: index,
  /** After the round's updates: logProbsNow - logProbs of sampled tokens in 1e-4 nats, lossTokens, lossWeight. */
  update: z.tuple([listOf(z.int(), longestSequence), index, measured.min(0)]).optional(),
});
type ScoredRow = z.output<typeof scoredSchema>;

/** How finely a file keeps what updates did to log-probabilities. */
const stepsPerNat = 10_000;

/** Writes trajectories and gathers their problems. */
export class TrajectoryWriter {
  readonly #numbers = new Map<string, number>();
  readonly problems: ProblemRow[] = [];

  /** @param number how a log-probability is written */
  write(trajectory: Trajectory, number: (value: number) => number = shortFloat): TrajectoryRow {
    const { tokens, lossMask, logProbs, calls, stop } = trajectory;
    return {
      problem: this.#number(trajectory.problem),
      tokens: [...tokens],
      mask: runLengths(lossMask),
      logProbs: logProbs.every((value) => value === 0) ? null : ofSampled(logProbs, lossMask, number),
      calls: calls.map(({ code, result, start, end }) => [code, { ...result }, start, end]),
      stop,
    };
  }

  writeScored(trajectory: ScoredTrajectory, number: (value: number) => number = shortFloat): ScoredRow {
    const { reward, advantage, prompt, sample, update, logProbs, lossMask } = trajectory;
    const row = { ...this.write(trajectory, number), reward, advantage, prompt, sample };
    if (update === undefined) return row;
    const moved = update.logProbsNow.map((now, i) => now - logProbs[i]!);
    const steps = ofSampled(moved, lossMask, (nats) => Math.round(nats * stepsPerNat));
    return { ...row, update: [steps, update.lossTokens, update.lossWeight] };
  }

  #number(problem: Problem): number {
    const row: ProblemRow = {
      id: problem.id,
      family: problem.family,
      question: problem.question,
      start: problem.start,
      answer: problem.answer,
      steps: problem.steps.map((step) => [
        step.label,
        step.operation,
        step.code,
        step.value,
        step.thought,
        step.difficulty,
      ]),
    };
    const key = `${problem.id}\n${problem.question}`;
    const known = this.#numbers.get(key);
    if (known !== undefined) return known;
    this.#numbers.set(key, this.problems.length);
    return this.problems.push(row) - 1;
  }
}

/** Reads trajectories back. Throws a sentence where a row contradicts itself. */
export class TrajectoryReader {
  readonly #problems: readonly Problem[];

  constructor(problems: readonly ProblemRow[]) {
    this.#problems = problems.map(({ steps, ...problem }) => ({
      ...problem,
      steps: steps.map(([label, operation, code, value, thought, difficulty]) => ({
        label,
        operation,
        code,
        value,
        thought,
        difficulty,
      })),
    }));
  }

  read(row: TrajectoryRow): Trajectory {
    const problem = this.#problems[row.problem];
    if (problem === undefined) throw new Error('a trajectory belongs to a problem that is not in the file.');
    const lossMask = expandRuns(row.mask, row.tokens.length);
    return {
      problem,
      tokens: Int32Array.from(row.tokens),
      lossMask,
      logProbs: expandLogProbs(row.logProbs, lossMask),
      calls: row.calls.map(([code, result, start, end]) => ({ code, result, start, end })),
      stop: row.stop,
    };
  }

  readScored(row: ScoredRow): ScoredTrajectory {
    const { reward, advantage, prompt, sample, update } = row;
    const trajectory = this.read(row);
    if (update === undefined) return { ...trajectory, reward, advantage, prompt, sample };
    const [steps, lossTokens, lossWeight] = update;
    const moved = expandLogProbs(
      steps.map((step) => step / stepsPerNat),
      trajectory.lossMask,
    );
    const logProbsNow = moved.map((nats, i) => trajectory.logProbs[i]! + nats);
    return {
      ...trajectory,
      ...{ reward, advantage, prompt, sample },
      update: { logProbsNow, lossTokens, lossWeight },
    };
  }
}

/** Lengths of runs of equal values, beginning with zeros (0 of them where the first is a one). */
function runLengths(mask: Uint8Array): number[] {
  const runs: number[] = [];
  let current = 0;
  let length = 0;
  for (const value of mask) {
    if (value === current) {
      length++;
      continue;
    }
    runs.push(length);
    current = value;
    length = 1;
  }
  return [...runs, length];
}

function expandRuns(runs: readonly number[], length: number): Uint8Array {
  if (runs.reduce((sum, run) => sum + run, 0) !== length) {
    throw new Error('a trajectory’s mask has another length than its tokens.');
  }
  const mask = new Uint8Array(length);
  let position = 0;
  runs.forEach((run, i) => {
    mask.fill(i % 2, position, position + run);
    position += run;
  });
  return mask;
}

function expandLogProbs(sampled: readonly number[] | null, mask: Uint8Array): Float32Array {
  const logProbs = new Float32Array(mask.length);
  if (sampled === null) return logProbs;
  let next = 0;
  mask.forEach((value, i) => {
    if (value === 1) logProbs[i] = sampled[next++]!; // one too few is told below
  });
  if (next !== sampled.length) {
    throw new Error('a trajectory has another number of log-probabilities than of sampled tokens.');
  }
  return logProbs;
}

/** The values at sampled tokens. */
function ofSampled(values: Float32Array, mask: Uint8Array, number: (value: number) => number): number[] {
  return [...values].filter((_, i) => mask[i] === 1).map(number);
}

/** Three significant digits: enough to be read, and a third of the bytes, as log-probabilities are what does not compress. */
export function threeDigits(value: number): number {
  return Number(value.toPrecision(3));
}

/** The shortest decimal that is the same float32. */
function shortFloat(value: number): number {
  for (let digits = 6; digits < 9; digits++) {
    const short = Number(value.toPrecision(digits));
    if (Math.fround(short) === value) return short;
  }
  return value;
}
