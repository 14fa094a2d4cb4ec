/** The chain and recurrence families: values in range, arithmetic right, texts in the vocabulary and within bounds. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Random } from '../random/random.ts';
import { runArithmetic } from './testing/arithmetic.ts';
import { chainSettingsProblem } from './chain.ts';
import { familyNames, problemFamily, taskSettingsProblem, type TaskSettings } from './families.ts';
import { isEncodable } from './vocabulary.ts';

const seeds = fc.integer({ min: 0, max: 2 ** 31 });
const alphabet = 'abcdefghijklmnopqrstuvwxyz';
const variants = fc.constantFrom('standard' as const, 'harder' as const);
const tasks: fc.Arbitrary<TaskSettings> = fc.record({
  family: fc.constantFrom(...familyNames),
  valueMax: fc.constantFrom(9, 12, 20, 49, 99, 299),
  operations: fc.constantFrom('+-*/%', '+-', '+%', '*/', '*%', '+/'),
  firstLetter: fc.constantFrom('any' as const, 'a' as const),
});

describe('problem families', () => {
  it('keeps every value in range and every step right, whatever the settings', () => {
    fc.assert(
      fc.property(tasks, seeds, fc.integer({ min: 1, max: 26 }), variants, (task, seed, length, variant) => {
        const problem = problemFamily(task).generate(length, new Random(seed), variant);
        expect(problem.steps).toHaveLength(length);
        const letters = problem.steps.map((step) => step.label).join('');
        expect(alphabet.repeat(2)).toContain(letters);
        if (task.firstLetter === 'a') expect(letters).toBe(alphabet.slice(0, length));
        expect(problem.answer).toBe(problem.steps.at(-1)?.value);
        for (const step of problem.steps) {
          expect(runArithmetic(step.code)).toEqual({ kind: 'ok', output: `${step.value}\n` });
          expect(Number(step.value)).toBeGreaterThanOrEqual(task.family === 'chain' ? 2 : 0);
          expect(Number(step.value)).toBeLessThanOrEqual(task.valueMax);
          expect(step.difficulty).toBeGreaterThanOrEqual(0);
          expect(step.difficulty).toBeLessThanOrEqual(1);
        }
        const texts = [
          problem.question,
          ...problem.steps.flatMap((step) => [step.code, step.thought, step.label]),
        ];
        expect(texts.every(isEncodable)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('begins a chain’s letters anywhere, going on from z to a', () => {
    const family = problemFamily({ family: 'chain', valueMax: 299, operations: '+-*/%', firstLetter: 'any' });
    const random = new Random(3);
    const firsts = new Set(
      Array.from({ length: 400 }, () => family.generate(1, random, 'standard').steps[0]?.label),
    );
    expect([...firsts].sort().join('')).toBe(alphabet);
    const letters = Array.from({ length: 400 }, () =>
      family
        .generate(3, random, 'standard')
        .steps.map(({ label }) => label)
        .join(''),
    );
    expect(letters).toContain('yza');
  });

  it('thinks in arithmetic that holds: chains', () => {
    fc.assert(
      fc.property(tasks, seeds, variants, (task, seed, variant) => {
        const problem = problemFamily({ ...task, family: 'chain' }).generate(6, new Random(seed), variant);
        let incoming = problem.start;
        for (const step of problem.steps) {
          // `37*2=60+14=74`: every side has the same value; a floor division's proof is an equation of its own.
          for (const equation of step.thought.trim().split(' '))
            expect([equation, new Set(equation.split('=').map(valueOf)).size]).toEqual([equation, 1]);
          expect(step.thought).toContain(`=${step.value} `);
          const proven = / \d+\*\d+=(\d+) $/.exec(step.thought);
          if (proven !== null) {
            const rest = Number(incoming) - Number(proven[1]);
            expect(rest >= 0 && rest < Number(step.operation.slice(2))).toBe(true);
          }
          incoming = step.value;
        }
      }),
      { numRuns: 300 },
    );
  });

  it('thinks in arithmetic that holds: recurrences and Horner’s rule', () => {
    const families = fc.constantFrom('recurrence' as const, 'horner' as const);
    fc.assert(
      fc.property(families, seeds, variants, (family, seed, variant) => {
        const problem = problemFamily({ family, valueMax: 49, operations: '', firstLetter: 'any' }).generate(
          6,
          new Random(seed),
          variant,
        );
        for (const step of problem.steps) {
          const parts = /^=(\d+\+\d+\+\d+)=(\d+)-(\d+)=(\d+) $/.exec(step.thought) ?? [];
          const [, parting = '', sum, multiple, value] = parts;
          const [, bracket = '', modulus] = /^\((.*)\)%(\d+)$/.exec(step.code) ?? [];
          expect([valueOf(bracket), valueOf(parting)]).toEqual([Number(sum), Number(sum)]);
          expect(Number(sum) - Number(multiple)).toBe(Number(value));
          expect(Number(multiple) % Number(modulus)).toBe(0);
          expect(value).toBe(step.value);
        }
      }),
      { numRuns: 100 },
    );
  });

  it('bounds the length of every text it makes', () => {
    fc.assert(
      fc.property(tasks, seeds, variants, (task, seed, variant) => {
        const family = problemFamily(task);
        const longest = family.longestTexts(variant);
        const problem = family.generate(8, new Random(seed), variant);
        expect(problem.question.length).toBeLessThanOrEqual(longest.questionHead + 8 * longest.questionStep);
        for (const step of problem.steps) {
          expect(step.code.length).toBeLessThanOrEqual(longest.code);
          expect(step.thought.length).toBeLessThanOrEqual(longest.thought);
          expect(step.value.length).toBeLessThanOrEqual(longest.value);
        }
      }),
      { numRuns: 200 },
    );
  });

  it('works a step out from another value than its own', () => {
    const family = problemFamily({ family: 'chain', valueMax: 49, operations: '+-*/%', firstLetter: 'any' });
    expect(family.work('37', '*2', 'a')).toMatchObject({
      code: '37*2',
      value: '74',
      thought: '37*2=60+14=74 ',
    });
    expect(family.work('74', '+15', 'b').thought).toBe('74+15=80+9=89 ');
    expect(family.work('89', '-23', 'c').thought).toBe('89-23=60+6=66 ');
    expect(family.work('66', '//4', 'd').thought).toBe('66//4=16 4*16=64 ');
    expect(family.work('66', '%7', 'e').thought).toBe('66%7=66-63=3 ');
    expect(() => family.work('66', '**7', 'e')).toThrow(/not an operation/);
    const recurrence = problemFamily({
      family: 'recurrence',
      valueMax: 49,
      operations: '',
      firstLetter: 'any',
    });
    expect(recurrence.work('15', '(x*3+7)%41', 'a')).toMatchObject({ code: '(15*3+7)%41', value: '11' });
    expect(recurrence.work('15', '(x*3+7)%41', 'a').thought).toBe('=30+15+7=52-41=11 ');
  });

  it('draws harder operations for the harder variant', () => {
    const family = problemFamily({ family: 'chain', valueMax: 49, operations: '+-*/%', firstLetter: 'any' });
    const difficulty = (variant: 'standard' | 'harder') => {
      const random = new Random(5);
      const steps = Array.from({ length: 200 }, () => family.generate(6, random, variant).steps).flat();
      return steps.reduce((total, step) => total + step.difficulty, 0) / steps.length;
    };
    expect(difficulty('harder')).toBeGreaterThan(difficulty('standard') + 0.1);
  });

  it('says what is wrong with settings that cannot make a chain', () => {
    expect(chainSettingsProblem({ valueMax: 49, operations: '+-*/%', firstLetter: 'any' })).toBeUndefined();
    expect(chainSettingsProblem({ valueMax: 49, operations: '+*', firstLetter: 'any' })).toMatch(/shrinks/);
    expect(chainSettingsProblem({ valueMax: 49, operations: '^', firstLetter: 'any' })).toMatch(/some of/);
    expect(chainSettingsProblem({ valueMax: 5, operations: '+-', firstLetter: 'any' })).toMatch(
      /whole number/,
    );
    expect(() =>
      problemFamily({ family: 'chain', valueMax: 49, operations: '*', firstLetter: 'any' }),
    ).toThrow(/shrinks/);
    expect(
      taskSettingsProblem({ family: 'recurrence', valueMax: 5, operations: '', firstLetter: 'any' }),
    ).toMatch(/modulus/);
  });
});

function valueOf(expression: string): number | null {
  const result = runArithmetic(expression);
  return result.kind === 'ok' ? Number(result.output) : null;
}
