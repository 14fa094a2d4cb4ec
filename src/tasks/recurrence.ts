/**
 * The `recurrence` family: one linear recurrence modulo m, taken as often as there are letters,
 * `5 (x*3+7)%41 a b c d `.
 *
 * Invariant: every value lies in 0..m-1 with m <= valueMax, no step repeats the value before it, and a step can only
 * be taken from the step before it. It shares nothing with `chain` but the trajectory's form, so a policy trained on
 * one and tried on the other shows what carries over.
 */
import type { Random } from '../random/random.ts';
import {
  isValueMax,
  stepLabel,
  valueMaxRange,
  type LongestTexts,
  type Problem,
  type ProblemFamily,
  type ProblemVariant,
  type Step,
} from './problem.ts';

export interface RecurrenceSettings {
  /** Largest modulus. */
  readonly valueMax: number;
}

/** Smallest and largest factor of the recurrence. */
export const factorRange: Record<ProblemVariant, readonly [number, number]> = {
  standard: [2, 9],
  harder: [11, 19],
};

/** Why there is no recurrence with these settings, in a sentence; undefined where there is. */
export function recurrenceSettingsProblem({ valueMax }: RecurrenceSettings): string | undefined {
  if (isValueMax(valueMax)) return undefined;
  return `The largest modulus of a recurrence must be a whole number from ${valueMaxRange.min} to ${valueMaxRange.max}.`;
}

/** The family for these settings. Throws where there is no room for a modulus. */
export function recurrenceFamily({ valueMax }: RecurrenceSettings): ProblemFamily {
  const objection = recurrenceSettingsProblem({ valueMax });
  if (objection !== undefined) throw new Error(objection);
  return {
    name: 'recurrence',
    description: 'One linear recurrence modulo a number, applied again and again to its own result.',
    valueMax,
    generate: (length, random, variant) => generateRecurrence(valueMax, length, random, variant),
    work: workRecurrenceStep,
    longestTexts: (variant) => longestRecurrenceTexts(valueMax, variant),
  };
}

function generateRecurrence(
  valueMax: number,
  length: number,
  random: Random,
  variant: ProblemVariant,
): Omit<Problem, 'id'> {
  for (;;) {
    const modulus = random.integer(Math.ceil(valueMax / 2), valueMax);
    const start = String(random.integer(2, modulus - 1));
    const operation = `(x*${random.integer(...factorRange[variant])}+${random.integer(1, modulus - 1)})%${modulus}`;
    const steps: Step[] = [];
    let value = start;
    let stands = false;
    for (let i = 0; i < length; i++) {
      const step = workRecurrenceStep(value, operation, stepLabel(i));
      stands ||= step.value === value; // A fixed point: the rest of the problem would be free.
      steps.push(step);
      value = step.value;
    }
    if (stands) continue;
    const labels = steps.map((step) => `${step.label} `).join('');
    return { family: 'recurrence', question: `${start} ${operation} ${labels}`, start, steps, answer: value };
  }
}

/** One step from a non-negative whole `incoming`; throws on an operation that is not a recurrence. */
export function workRecurrenceStep(incoming: string, operation: string, label: string): Step {
  const parts = /^\(x\*(\d+)\+(\d+)\)%(\d+)$/.exec(operation);
  if (parts === null) throw new Error(`"${operation}" is not a recurrence.`);
  const [factor, addend, modulus] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
  const value = Number(incoming);
  const sum = value * factor + addend;
  const next = sum % modulus;
  const tens = value - (value % 10);
  return {
    label,
    operation,
    code: operation.replace('x', incoming),
    value: String(next),
    thought: `=${tens * factor}+${(value % 10) * factor}+${addend}=${sum}-${sum - next}=${next} `,
    difficulty: value < 10 ? 0.6 : 0.9,
  };
}

/** Every number at its widest at once: an upper bound, rarely reached. */
export function longestRecurrenceTexts(valueMax: number, variant: ProblemVariant): LongestTexts {
  const digits = (n: number) => String(n).length;
  const value = digits(valueMax);
  const factor = factorRange[variant][1];
  const sum = digits(valueMax * factor + valueMax);
  const operation = '(x*+)%'.length + digits(factor) + 2 * value;
  return {
    questionHead: value + 1 + operation + 1,
    questionStep: 2,
    code: operation - 1 + value,
    thought: '=++=-= '.length + digits(valueMax * factor) + digits(9 * factor) + value + 2 * sum + value,
    value,
  };
}
