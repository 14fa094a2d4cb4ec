import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { drawnProblem, readProblem, unfamiliar } from './askedProblem.ts';
import { isHeldOut } from './problems.ts';
import { chainTask, hornerTask } from './testing/teacher.ts';
import { isEncodable } from './vocabulary.ts';

const message = (text: string) => {
  const read = readProblem(text, chainTask);
  return read.ok ? 'understood' : read.message;
};

describe('a problem that is typed', () => {
  it('is understood with letters and without, and worked out', () => {
    const plain = readProblem('37 *2 +15  //4', chainTask);
    expect(plain).toMatchObject({ ok: true, problem: { question: '37 a*2 b+15 c//4 ', answer: '22' } });
    expect(readProblem('37 c*2 d+15 e//4', chainTask)).toMatchObject({
      ok: true,
      problem: { question: '37 c*2 d+15 e//4 ', answer: '22' },
    });
    expect(readProblem('9 /2', chainTask)).toMatchObject({ ok: true, problem: { answer: '4' } });
    expect(readProblem('007 +1', chainTask)).toMatchObject({ ok: true, problem: { start: '7' } });
  });

  it('gets a sentence where it is not', () => {
    expect(message('')).toContain('The start is missing');
    expect(message('37')).toContain('no step after the start');
    expect(message('37 plus 4')).toContain('“plus” is not a step. Write a start');
    expect(message('37 //0')).toContain('divides by 0');
    expect(message('3 -5')).toContain('would be -2');
    expect(message('12345 +1')).toContain('at most 4 digits');
    expect(message(`1${' +1'.repeat(30)}`)).toContain('at most 26 steps');
    expect(message('3 a+1 a+2')).toContain('same letter');
    expect(message('x'.repeat(500))).toContain('too long');
    expect(readProblem('3 +1', hornerTask)).toMatchObject({ ok: false });
  });

  it('never throws, and what is understood can be read by a policy', () => {
    const texts = fc.oneof(fc.string(), fc.stringMatching(/^\d{1,3}( [a-c]?(\/\/|[-+*%])\d{1,3}){0,6}$/));
    fc.assert(
      fc.property(texts, (text) => {
        const read = readProblem(text, chainTask);
        if (read.ok) expect(isEncodable(read.problem.question)).toBe(true);
        else expect(read.message.length).toBeGreaterThan(10);
      }),
    );
  });

  it('says what the policy was not taught', () => {
    const lengths = { min: 2, max: 3 };
    const of = (text: string) => {
      const read = readProblem(text, chainTask);
      return read.ok ? unfamiliar(read.problem, chainTask, lengths) : read.message;
    };
    expect(of('3 +1')).toBeNull();
    expect(of('30 +40')).toContain('up to 49');
    expect(of('3 +1 +1 +1 +1')).toBe('4 steps; the policy was taught up to 3.');
  });
});

describe('a problem that is drawn', () => {
  it('is held out, of the lengths asked for, and the same for the same number', () => {
    for (let index = 0; index < 20; index++) {
      const problem = drawnProblem(chainTask, { min: 4, max: 6 }, index);
      expect(isHeldOut(problem.question)).toBe(true);
      expect(problem.steps.length).toBeGreaterThanOrEqual(4);
      expect(problem.steps.length).toBeLessThanOrEqual(6);
      expect(drawnProblem(chainTask, { min: 4, max: 6 }, index)).toEqual(problem);
      expect(readProblem(problem.question, chainTask)).toMatchObject({
        ok: true,
        problem: { answer: problem.answer },
      });
    }
  });
});
