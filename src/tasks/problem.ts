/**
 * A problem and the family it comes from.
 *
 * Invariant: a problem is determined by its family, its seed and its length, and train and held-out seeds are disjoint
 * by construction, so no evaluation problem is ever trained on.
 */
import type { Random } from '../random/random.ts';

export interface Problem {
  /** Names the problem for good: family, split and seed. */
  readonly id: string;
  readonly family: string;
  /** What the policy reads, after `<|im_start|>` and before `<think>`. */
  readonly question: string;
  readonly steps: readonly Step[];
  readonly answer: string;
}

/** One step of a problem's solution, in both of the ways it can be taken. */
export interface Step {
  /** The letter that names the step in question and trajectory. */
  readonly label: string;
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
}

/** `harder` draws from harder operations, longer chains come from `length`. */
export type ProblemVariant = 'standard' | 'harder';
