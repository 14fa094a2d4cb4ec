/**
 * The `chain` family: a start value and lettered operations, `37 a*2 b+15 c//4 d%7 `.
 *
 * Invariant: every value of a generated chain lies in 2..valueMax, every operation is one of the settings', and a
 * thought's arithmetic is right for the incoming value it starts from. The letters let a small policy find its place: they
 * begin anywhere in the alphabet, so that it learns names and not places. The trailing space ends the last operation as it
 * ends every other.
 */
import type { Random } from '../random/random.ts';
import {
  isValueMax,
  stepLabel,
  stepLabels,
  valueMaxRange,
  type LongestTexts,
  type Problem,
  type ProblemFamily,
  type ProblemVariant,
  type Step,
} from './problem.ts';

/** Where a chain's letters begin. */
export const firstLetters = ['any', 'a'] as const;

export interface ChainSettings {
  /** Largest value of any step; 2 is the smallest. */
  readonly valueMax: number;
  /** Operations in use, a subset of `+-*`, `/` (floor division) and `%`, one that grows and one that shrinks at least. */
  readonly operations: string;
  /** `any`: anywhere in the alphabet, going on from z to a; `a`: always there, which is easier to learn from nothing. */
  readonly firstLetter: (typeof firstLetters)[number];
}

type Operator = '+' | '-' | '*' | '//' | '%';

interface OperatorRule {
  readonly operator: Operator;
  /** Its character in `ChainSettings.operations`. */
  readonly key: string;
  /** How often it is drawn, before draws that leave the range of values are thrown away. */
  readonly weight: Record<ProblemVariant, number>;
  /** Smallest and largest operand. */
  readonly operands: (variant: ProblemVariant, valueMax: number) => readonly [number, number];
}

const rules: readonly OperatorRule[] = [
  { operator: '+', key: '+', weight: { standard: 2, harder: 1 }, operands: addends },
  { operator: '-', key: '-', weight: { standard: 2, harder: 1 }, operands: addends },
  { operator: '*', key: '*', weight: { standard: 2, harder: 3 }, operands: factors },
  { operator: '//', key: '/', weight: { standard: 1, harder: 2 }, operands: factors },
  { operator: '%', key: '%', weight: { standard: 1, harder: 3 }, operands: moduli },
];

const valueMin = 2;

/** Draws that a step may take before the generator gives up; a sound setting needs a handful. */
const maximumDraws = 10_000;

function addends(variant: ProblemVariant, valueMax: number): readonly [number, number] {
  return variant === 'harder' ? [Math.min(11, valueMax - 2), valueMax - 2] : [2, Math.floor(valueMax / 2)];
}

function factors(variant: ProblemVariant): readonly [number, number] {
  return variant === 'harder' ? [3, 15] : [2, 9];
}

function moduli(variant: ProblemVariant): readonly [number, number] {
  return variant === 'harder' ? [6, 29] : [3, 19];
}

/** Why these settings cannot make chains of every length, in a sentence; undefined where they can. */
export function chainSettingsProblem(settings: ChainSettings): string | undefined {
  if (!isValueMax(settings.valueMax))
    return `The largest value of a chain must be a whole number from ${valueMaxRange.min} to ${valueMaxRange.max}.`;
  if (settings.operations === '' || !/^[-+*/%]+$/.test(settings.operations))
    return 'The operations of a chain must be some of + - * / %.';
  if (!/[+*]/.test(settings.operations) || !/[-/%]/.test(settings.operations))
    return 'A chain needs an operation that grows its value (+ or *) and one that shrinks it (-, / or %).';
  return undefined;
}

/** The family for these settings. Throws where `chainSettingsProblem` has an objection. */
export function chainFamily(settings: ChainSettings): ProblemFamily {
  const objection = chainSettingsProblem(settings);
  if (objection !== undefined) throw new Error(objection);
  const { valueMax } = settings;
  return {
    name: 'chain',
    description:
      'A start value and lettered operations, one after another; each step needs the value before it.',
    valueMax,
    generate: (length, random, variant) => generateChain(settings, length, random, variant),
    work: workChainStep,
    longestTexts: (variant) => {
      const key = `${valueMax} ${settings.operations} ${variant}`;
      const longest = longestTextsBySettings.get(key) ?? longestChainTexts(settings, variant);
      longestTextsBySettings.set(key, longest);
      return longest;
    },
  };
}

function rulesOf(settings: ChainSettings): readonly OperatorRule[] {
  return rules.filter((rule) => settings.operations.includes(rule.key));
}

function generateChain(
  settings: ChainSettings,
  length: number,
  random: Random,
  variant: ProblemVariant,
): Omit<Problem, 'id'> {
  const urn = rulesOf(settings).flatMap((rule) => Array.from({ length: rule.weight[variant] }, () => rule));
  const start = random.integer(startMin(settings.valueMax), settings.valueMax);
  const first = settings.firstLetter === 'any' ? random.integer(0, stepLabels.length - 1) : 0;
  const steps: Step[] = [];
  let value = start;
  for (let i = 0; i < length; i++) {
    const step = workChainStep(
      String(value),
      drawOperation(urn, settings, variant, value, random),
      stepLabel(i, first),
    );
    steps.push(step);
    value = Number(step.value);
  }
  return {
    family: 'chain',
    question: `${start} ${steps.map((step) => `${step.label}${step.operation} `).join('')}`,
    start: String(start),
    steps,
    answer: String(value),
  };
}

/** Starts have two digits where the range of values has room for it. */
function startMin(valueMax: number): number {
  return valueMax >= 20 ? 10 : valueMin;
}

function drawOperation(
  urn: readonly OperatorRule[],
  settings: ChainSettings,
  variant: ProblemVariant,
  value: number,
  random: Random,
): string {
  for (let draw = 0; draw < maximumDraws; draw++) {
    // The harder operands may leave a small range of values no way on; the standard ones always have one.
    const operandVariant = draw < maximumDraws / 2 ? variant : 'standard';
    const { operator, operands } = random.choice(urn);
    const operand = random.integer(...operands(operandVariant, settings.valueMax));
    if (isAllowed(value, operator, operand, settings.valueMax)) return `${operator}${operand}`;
  }
  throw new Error(
    `No operation of "${settings.operations}" leads on from ${value} within 2..${settings.valueMax}.`,
  );
}

/** The next value is in range, and `%` is not the identity. */
function isAllowed(value: number, operator: Operator, operand: number, valueMax: number): boolean {
  const next = apply(value, operator, operand);
  return next >= valueMin && next <= valueMax && !(operator === '%' && value < operand);
}

function apply(value: number, operator: Operator, operand: number): number {
  switch (operator) {
    case '+':
      return value + operand;
    case '-':
      return value - operand;
    case '*':
      return value * operand;
    case '//':
      return Math.floor(value / operand);
    case '%':
      return value % operand;
  }
}

/** One step from a non-negative whole `incoming`; throws on an operation that is not in a chain's notation. */
function workChainStep(incoming: string, operation: string, label: string): Step {
  const parts = /^(\/\/|[-+*%])(\d+)$/.exec(operation);
  if (parts === null) throw new Error(`"${operation}" is not an operation of a chain.`);
  const operator = parts[1] as Operator;
  const operand = Number(parts[2]);
  const value = Number(incoming);
  const next = apply(value, operator, operand);
  return {
    label,
    operation,
    code: `${incoming}${operation}`,
    value: String(next),
    // It begins as the call's code does, so that a base which only thinks has learned to copy what a call is made of.
    thought: `${incoming}${operation}=${workings(value, operator, operand, next)} `,
    difficulty: difficultyOf(value, operator, operand),
  };
}

/** Partial results first, then the value; floor division is the other way round: the value, then its proof. */
function workings(value: number, operator: Operator, operand: number, next: number): string {
  const tens = value - (value % 10);
  const ones = value % 10;
  const operandOnes = operand % 10;
  const operandTens = operand - operandOnes;
  switch (operator) {
    case '+':
      return `${tens + operandTens}+${ones + operandOnes}=${next}`;
    case '-':
      return `${tens - operandTens}+${ones - operandOnes}=${next}`;
    case '*':
      return `${tens * operand}+${ones * operand}=${next}`;
    case '//':
      return `${next} ${operand}*${next}=${operand * next}`;
    case '%':
      return `${value}-${value - next}=${next}`;
  }
}

/** 0..1: sums are easy unless a digit carries, products and remainders are hard and harder with larger numbers. */
function difficultyOf(value: number, operator: Operator, operand: number): number {
  const large = value >= 10 && operand >= 6;
  switch (operator) {
    case '+':
      return (value % 10) + (operand % 10) >= 10 ? 0.3 : 0.1;
    case '-':
      return value % 10 < operand % 10 ? 0.3 : 0.1;
    case '*':
      return value < 10 && operand < 10 ? 0.4 : large ? 0.7 : 0.6;
    case '//':
      return large ? 0.8 : 0.6;
    case '%':
      return large ? 0.9 : 0.7;
  }
}

/** Trying every step takes some milliseconds, and settings are checked at every keystroke. */
const longestTextsBySettings = new Map<string, LongestTexts>();

/** Exact for steps of the range, by trying every one of them. */
function longestChainTexts(settings: ChainSettings, variant: ProblemVariant): LongestTexts {
  const { valueMax } = settings;
  let operation = 0;
  let code = 0;
  let thought = 0;
  for (const { operator, operands } of rulesOf(settings)) {
    // Both variants' operands: see drawOperation.
    for (const kind of new Set<ProblemVariant>([variant, 'standard'])) {
      const [low, high] = operands(kind, valueMax);
      for (let operand = low; operand <= high; operand++) {
        for (let value = 0; value <= valueMax; value++) {
          const next = apply(value, operator, operand);
          if (next < 0 || next > valueMax) continue;
          const step = workChainStep(String(value), `${operator}${operand}`, 'a');
          operation = Math.max(operation, step.operation.length);
          code = Math.max(code, step.code.length);
          thought = Math.max(thought, step.thought.length);
        }
      }
    }
  }
  const value = String(valueMax).length;
  return { questionHead: value + 1, questionStep: operation + 2, code, thought, value };
}
