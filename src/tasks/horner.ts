/**
 * The `horner` family: a number's digits read in a base, modulo m, by Horner's rule, `5 *3%41 a4 b0 c7 `.
 *
 * Invariant: every value lies in 0..m-1 with m <= valueMax, each step takes in one digit of its own, and needs the value
 * before it. Steps are worked out as a recurrence's are (`recurrence.ts`); what is new to a policy is that the question
 * changes from step to step, as in `chain`, while the rule stays, as in `recurrence`.
 */
import type { Random } from '../random/random.ts';
import type { LongestTexts, Problem, ProblemFamily, ProblemVariant, Step } from './problem.ts';
import { stepLabel } from './problem.ts';
import {
  factorRange,
  longestRecurrenceTexts,
  recurrenceSettingsProblem,
  workRecurrenceStep,
  type RecurrenceSettings,
} from './recurrence.ts';

/** The family for these settings. Throws where there is no room for a modulus. */
export function hornerFamily({ valueMax }: RecurrenceSettings): ProblemFamily {
  const objection = recurrenceSettingsProblem({ valueMax });
  if (objection !== undefined) throw new Error(objection);
  return {
    name: 'horner',
    description: 'A number’s digits read in some base, modulo another number, by Horner’s rule.',
    valueMax,
    generate: (length, random, variant) => generateDigits(valueMax, length, random, variant),
    work: workRecurrenceStep,
    longestTexts: (variant) => longestHornerTexts(valueMax, variant),
  };
}

function generateDigits(
  valueMax: number,
  length: number,
  random: Random,
  variant: ProblemVariant,
): Omit<Problem, 'id'> {
  const modulus = random.integer(Math.ceil(valueMax / 2), valueMax);
  const base = random.integer(...factorRange[variant]);
  const start = String(random.integer(1, Math.min(9, modulus - 1)));
  const steps: Step[] = [];
  let value = start;
  let question = `${start} *${base}%${modulus} `;
  for (let i = 0; i < length; i++) {
    const digit = random.integer(0, 9);
    const step = workRecurrenceStep(value, `(x*${base}+${digit})%${modulus}`, stepLabel(i));
    question += `${step.label}${digit} `;
    steps.push(step);
    value = step.value;
  }
  return { family: 'horner', question, start, steps, answer: value };
}

function longestHornerTexts(valueMax: number, variant: ProblemVariant): LongestTexts {
  const longest = longestRecurrenceTexts(valueMax, variant);
  const digits = (n: number) => String(n).length;
  return {
    ...longest,
    questionHead: 1 + ' *%'.length + digits(factorRange[variant][1]) + digits(valueMax) + 1,
    questionStep: 3,
  };
}
