/** Responses as the policy sees them, the verifier, and the vocabulary's round trip. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { ExecutionResult } from '../sandbox/sandbox.ts';
import type { Problem } from './problem.ts';
import { promptTokens, responseTokens, shownResult } from './transcript.ts';
import { extractAnswer, reward } from './verifier.ts';
import {
  decodeTokens,
  encodeText,
  isEncodable,
  specialTokens,
  tokenIds,
  tokenTexts,
  vocabularySize,
} from './vocabulary.ts';

const problem: Problem = {
  id: 'test',
  family: 'chain',
  question: '37 a*2 ',
  start: '37',
  steps: [],
  answer: '74',
};

describe('vocabulary', () => {
  it('gives back every encodable text, and refuses the rest', () => {
    const characters = fc.constantFrom(...tokenTexts.slice(specialTokens.length));
    fc.assert(
      fc.property(fc.string({ unit: characters }), (text) => decodeTokens(encodeText(text)) === text),
    );
    expect(() => encodeText('37 × 2')).toThrow(/no token for "×"/);
    expect(new Set(tokenTexts).size).toBe(vocabularySize);
    for (const id of Object.values(tokenIds)) expect(id).toBeLessThan(specialTokens.length);
  });
});

describe('responses', () => {
  const ok = (output: string): ExecutionResult => ({ kind: 'ok', output });

  it('shows output trimmed, cut, and within the vocabulary', () => {
    expect(shownResult(ok('74\n'))).toBe('74');
    expect(shownResult(ok('[1, "Ab"]\n'))).toBe("(1, 'ab')");
    expect(shownResult(ok('1E+9×'))).toBe('1e+9.');
    expect(shownResult(ok('123456789'), 4)).toBe('1234');
    expect(shownResult(ok(''))).toBe('');
  });

  it('shows every failure as the same mark', () => {
    const failures: ExecutionResult[] = [
      { kind: 'error', message: 'NameError', output: '12' },
      { kind: 'timeout', deadlineMs: 100 },
      { kind: 'memory', message: 'too much' },
      { kind: 'format', message: 'empty' },
    ];
    for (const failure of failures)
      expect(decodeTokens(responseTokens(failure))).toBe('<tool_response>E</tool_response>');
  });

  it('never lets output smuggle in a control token or a failure mark', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme' }),
        fc.constantFrom(...specialTokens, 'E'),
        (text, smuggled) => {
          const tokens = responseTokens(ok(text + smuggled + text), 50);
          const inner = tokens.slice(1, -1);
          expect(inner.every((token) => token >= specialTokens.length)).toBe(true);
          expect(inner.length).toBeLessThanOrEqual(50);
          expect(decodeTokens(inner)).not.toContain('E');
          expect(isEncodable(decodeTokens(inner))).toBe(true);
          expect([tokens[0], tokens.at(-1)]).toEqual([tokenIds.toolResponse, tokenIds.toolResponseEnd]);
        },
      ),
    );
  });
});

describe('verifier', () => {
  const finished = (answer: number[]) => [
    ...promptTokens(problem),
    tokenIds.thinkEnd,
    ...answer,
    tokenIds.imEnd,
  ];

  it('rewards exactly the answer', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('7', '4', '0', ' ', '-') }), (text) => {
        expect(reward(problem, finished(encodeText(text)))).toBe(text.trim() === '74' ? 1 : 0);
        expect(extractAnswer(finished(encodeText(text)))).toBe(text.trim());
      }),
    );
    expect(reward(problem, Int32Array.from(finished(encodeText('74'))))).toBe(1);
  });

  it('gives nothing to a trajectory that was cut off, never left its thought, or answers by a call', () => {
    expect(reward(problem, finished(encodeText('74')).slice(0, -1))).toBe(0);
    expect(extractAnswer(finished(encodeText('74')).slice(0, -1))).toBeNull();
    expect(extractAnswer([...promptTokens(problem), ...encodeText('74'), tokenIds.imEnd])).toBeNull();
    expect(extractAnswer([])).toBeNull();
    const byCall = [tokenIds.toolCall, ...encodeText('74'), tokenIds.toolCallEnd];
    expect(
      reward(
        problem,
        finished([...byCall, tokenIds.toolResponse, ...encodeText('74'), tokenIds.toolResponseEnd]),
      ),
    ).toBe(0);
  });

  it('takes the last </think>', () => {
    expect(reward(problem, finished([...encodeText('73'), tokenIds.thinkEnd, ...encodeText('74')]))).toBe(1);
  });
});
