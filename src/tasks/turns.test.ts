import { describe, expect, it } from 'vitest';
import { endsInVoidTurn, lastTurn } from './turns.ts';
import { encodeText, tokenIds } from './vocabulary.ts';

/** A piece of a trajectory: its tokens, and whether the policy wrote them. */
type Piece = readonly [tokens: readonly number[], sampled: 0 | 1];

const prompt: Piece = [[tokenIds.imStart, ...encodeText('7 a*2 '), tokenIds.think], 0];
const wrote = (...parts: readonly (string | number)[]): Piece => [
  parts.flatMap((part) => (typeof part === 'string' ? encodeText(part) : [part])),
  1,
];
const call = wrote('a', tokenIds.toolCall, '7*2', tokenIds.toolCallEnd);
const response: Piece = [[tokenIds.toolResponse, ...encodeText('14'), tokenIds.toolResponseEnd], 0];

function trajectory(...pieces: readonly Piece[]) {
  const all = [prompt, ...pieces];
  return {
    tokens: Int32Array.from(all.flatMap(([tokens]) => tokens)),
    lossMask: Uint8Array.from(all.flatMap(([tokens, sampled]) => tokens.map(() => sampled))),
  };
}

describe('the last turn', () => {
  it.each([
    ['an answer', [wrote(tokenIds.thinkEnd, '14', tokenIds.imEnd)], 'answer'],
    [
      'a wrong answer after a call',
      [call, response, wrote(tokenIds.thinkEnd, '9', tokenIds.imEnd)],
      'answer',
    ],
    ['a call whose response did not fit the context, or that the budget refused', [call], 'call'],
    ['a call whose response filled the context to the token', [call, response], 'call'],
    [
      'a call whose response was cut off',
      [call, [[tokenIds.toolResponse, ...encodeText('1')], 0] as Piece],
      'call',
    ],
    ['an empty call, which is run and refused', [wrote(tokenIds.toolCall, tokenIds.toolCallEnd)], 'call'],
    ['thought until the context was full', [call, response, wrote('b+15=29')], 'void'],
    ['a call that was never closed', [call, response, wrote(tokenIds.toolCall, '14+')], 'void'],
    ['an end without having left the thought', [wrote('a*2=14', tokenIds.imEnd)], 'void'],
    ['an end right after a response', [call, response, wrote(tokenIds.imEnd)], 'void'],
    ['an answer that the context cut off', [wrote(tokenIds.thinkEnd, '1')], 'void'],
    ['a blank answer', [wrote(tokenIds.thinkEnd, ' ', tokenIds.imEnd)], 'void'],
    ['a call closed without having been opened', [wrote('a', tokenIds.toolCallEnd)], 'void'],
    ['no closer but that of an earlier call', [call, wrote(tokenIds.toolCallEnd)], 'void'],
  ] as const)('%s', (_what, pieces, outcome) => {
    expect(lastTurn(trajectory(...pieces))).toBe(outcome);
    expect(endsInVoidTurn(trajectory(...pieces))).toBe(outcome === 'void');
  });
});
