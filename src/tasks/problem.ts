/**
 * A problem and the family it comes from.
 *
 * A problem is a start value and an ordered list of operations, each of which needs the result of the one
 * before it; `question`, `steps` and `answer` all follow from these, so the teacher can also work out what a step
 * would be after a wrong value. Which problems may be trained on is `problems.ts`'s business.
 */
import type { Random } from '../random/random.ts';

export interface Problem {
  /** Names the problem for good: family, split and seed. */
  readonly id: string;
  readonly family: string;
  /** What the policy reads, after `<|im_start|>` and before `<think>`. */
  readonly question: string;
  /** The value that the first step starts from. */
  readonly start: string;
  readonly steps: readonly Step[];
  readonly answer: string;
}

/** One step of a problem's solution, in both of the ways it can be taken. */
export interface Step {
  /** The letter that names the step in question and trajectory. */
  readonly label: string;
  /** The operation in the family's own notation, e.g. `*2`; `work` takes it again. */
  readonly operation: string;
  /** The Python the expert would send to the tool. */
  readonly code: string;
  /** What that code prints: the step's value. */
  readonly value: string;
  /** The step worked out in the head, partial products first, as the expert writes it (without label). */
  readonly thought: string;
  /** 0 (trivial) to 1 (hard in the head), for the selective teacher. */
  readonly difficulty: number;
}

export interface ProblemFamily {
  readonly name: string;
  /** One sentence for people. */
  readonly description: string;
  /** A problem of exactly `length` steps. `variant` picks a held-out shift of the distribution. */
  generate(length: number, random: Random, variant: ProblemVariant): Omit<Problem, 'id'>;
  /** One step worked out from any incoming value, right or wrong; `generate` uses it for every step. */
  work(incoming: string, operation: string, label: string): Step;
  /** The largest value a step may have: a wrong value that leads beyond it is not one the teacher writes. */
  readonly valueMax: number;
  /** Upper bounds of every text of a variant, for settings that must fit a context. */
  longestTexts(variant: ProblemVariant): LongestTexts;
}

/** Lengths in characters, which are tokens; no problem of the variant exceeds any of them. */
export interface LongestTexts {
  /** The part of the question that does not grow with the number of steps. */
  readonly questionHead: number;
  /** One step's part of the question, its label and separators included. */
  readonly questionStep: number;
  /** One step's code. */
  readonly code: number;
  /** One step's thought, without its label. */
  readonly thought: number;
  /** One step's value; the answer is one. */
  readonly value: number;
}

/** `harder` draws from harder operations, longer chains come from `length`. */
export type ProblemVariant = 'standard' | 'harder';

/** The bound on values that a family may be given: below, problems run out; above, bounds get dear and heads give up. */
export const valueMaxRange = { min: 9, max: 299 } as const;

/** True for a whole number within `valueMaxRange`. */
export function isValueMax(value: number): boolean {
  return Number.isInteger(value) && value >= valueMaxRange.min && value <= valueMaxRange.max;
}

/** Names of a problem's steps; the last is followed by the first. A problem can have at most this many. */
export const stepLabels = 'abcdefghijklmnopqrstuvwxyz';

/**
 * The label of step `index` of a problem whose first step has label `first` (its place in the alphabet).
 * Throws where the letters run out.
 */
export function stepLabel(index: number, first = 0): string {
  const label = stepLabels[(first + index) % stepLabels.length];
  if (label === undefined || index >= stepLabels.length)
    throw new Error(`A problem can have at most ${stepLabels.length} steps.`);
  return label;
}
