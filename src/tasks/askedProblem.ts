/**
 * A problem that a person types, and one drawn for them.
 *
 * Only chains can be typed: a start and operations, with or without the letters that name the steps. What cannot be understood gets a
 * sentence that shows the form.
 */
import { Random } from '../random/random.ts';
import { maximumLength, problemFamily, type TaskSettings } from './families.ts';
import { stepLabel, stepLabels, type Problem, type Step } from './problem.ts';
import { isHeldOut, type LengthRange } from './problems.ts';

export type AskedProblem =
  | { readonly ok: true; readonly problem: Problem }
  /** A sentence for people. */
  | { readonly ok: false; readonly message: string };

const form =
  'Write a start and its steps, like “37 *2 +15 //4”: whole numbers, and + - * // % for the operations.';
/** Digits of a number that is typed, at most. */
const digitsMax = 4;
const longestText = 400;

/** Understand a problem as a person writes it. Never throws. */
export function readProblem(text: string, settings: TaskSettings): AskedProblem {
  if (settings.family !== 'chain')
    return refused(
      `Only chains can be typed, and this policy was taught “${settings.family}”; draw a problem instead.`,
    );
  if (text.length > longestText) return refused(`That is too long. ${form}`);
  const [start, ...words] = text.trim().split(/\s+/);
  if (start === undefined || !/^\d+$/.test(start)) return refused(`The start is missing. ${form}`);
  if (words.length === 0) return refused(`There is no step after the start. ${form}`);
  if (words.length > maximumLength)
    return refused(`A problem has at most ${maximumLength} steps, as each has a letter of its own.`);
  const parts = words.map((word) => /^([a-z]?)([+*%-]|\/\/?)(\d+)$/.exec(word));
  const wrong = words.find((_, i) => parts[i] === null);
  if (wrong !== undefined) return refused(`“${wrong.slice(0, 20)}” is not a step. ${form}`);
  const steps = parts.map((part) => ({
    letter: part?.[1] ?? '',
    operator: part?.[2] === '/' ? '//' : (part?.[2] ?? ''),
    operand: Number(part?.[3]),
  }));
  if ([start, ...steps.map(({ operand }) => String(operand))].some((number) => number.length > digitsMax))
    return refused(`Numbers have at most ${digitsMax} digits here. ${form}`);
  if (steps.some(({ operator, operand }) => operand === 0 && (operator === '//' || operator === '%')))
    return refused('A step divides by 0; choose another number there.');
  return chain(String(Number(start)), steps, settings);
}

function chain(
  start: string,
  asked: readonly { readonly letter: string; readonly operator: string; readonly operand: number }[],
  settings: TaskSettings,
): AskedProblem {
  const first =
    asked[0]?.letter === undefined || asked[0].letter === '' ? 0 : stepLabels.indexOf(asked[0].letter);
  const family = problemFamily(settings);
  const steps: Step[] = [];
  let value = start;
  for (const [i, { letter, operator, operand }] of asked.entries()) {
    const label = letter === '' ? stepLabel((first + i) % stepLabels.length) : letter;
    const step = family.work(value, `${operator}${operand}`, label);
    if (step.value.startsWith('-'))
      return refused(
        `After “${operator}${operand}” the value would be ${step.value}, and the policy knows no negative numbers.`,
      );
    steps.push(step);
    value = step.value;
  }
  if (new Set(steps.map(({ label }) => label)).size < steps.length)
    return refused('Two steps have the same letter; leave the letters out, and they are put in.');
  const question = `${start} ${steps.map(({ label, operation }) => `${label}${operation} `).join('')}`;
  return {
    ok: true,
    problem: { id: `asked/${question.trim()}`, family: 'chain', question, start, steps, answer: value },
  };
}

const refused = (message: string): AskedProblem => ({ ok: false, message });

/** Held-out problem `index`, for people to ask: no run was trained on it. Throws where the settings have none. */
export function drawnProblem(settings: TaskSettings, lengths: LengthRange, index: number): Problem {
  const family = problemFamily(settings);
  const random = new Random(index).fork('problems', 'drawn');
  for (let draw = 0; draw < 10_000; draw++) {
    const problem = family.generate(random.integer(lengths.min, lengths.max), random, 'standard');
    if (isHeldOut(problem.question)) return { ...problem, id: `${family.name}/drawn/${index}` };
  }
  throw new Error('These task settings have no held-out question.');
}

/** What the policy was not taught about a problem, in a sentence; null where it has seen the like. */
export function unfamiliar(problem: Problem, settings: TaskSettings, lengths: LengthRange): string | null {
  const largest = Math.max(Number(problem.start), ...problem.steps.map(({ value }) => Number(value)));
  if (largest > settings.valueMax)
    return `Values reach ${largest} here; the policy was taught values up to ${settings.valueMax}.`;
  if (problem.steps.length > lengths.max)
    return `${problem.steps.length} steps; the policy was taught up to ${lengths.max}.`;
  return null;
}
