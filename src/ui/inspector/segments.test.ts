import { describe, expect, it } from 'vitest';
import { chainTask, faultless, teach } from '../../tasks/testing/teacher.ts';
import { decodeTokens, tokenIds } from '../../tasks/vocabulary.ts';
import { tokenSegments, transcriptRows } from './segments.ts';

const taught = teach(chainTask, { ...faultless, badCallRate: 0.2 }, 200).map(({ trajectory }) => trajectory);

describe('a trajectory in segments', () => {
  it('covers all tokens in order, without gaps', () => {
    for (const trajectory of taught) {
      const segments = tokenSegments(trajectory);
      expect(segments[0]?.from).toBe(0);
      expect(segments.at(-1)?.to).toBe(trajectory.tokens.length);
      segments.slice(1).forEach(({ from }, i) => expect(from).toBe(segments[i]?.to));
    }
  });

  it('has one call and one response for each call of the log, and they are the forced and the sampled ones', () => {
    for (const trajectory of taught) {
      const segments = tokenSegments(trajectory);
      const calls = segments.filter(({ kind }) => kind === 'call');
      expect(calls.length).toBe(trajectory.calls.length);
      calls.forEach(({ from, to }, i) => {
        expect(from).toBe(trajectory.calls[i]?.start);
        expect(decodeTokens(trajectory.tokens.slice(from + 1, to - 1))).toBe(trajectory.calls[i]?.code);
      });
      for (const { kind, from, to } of segments) {
        const forced = kind === 'prompt' || kind === 'response';
        expect(new Set(trajectory.lossMask.slice(from, to))).toEqual(new Set([forced ? 0 : 1]));
      }
    }
  });

  it('stands wherever a trajectory was cut off', () => {
    for (const whole of taught.slice(0, 20)) {
      for (let length = 1; length <= whole.tokens.length; length++) {
        const cut = { tokens: whole.tokens.slice(0, length), lossMask: whole.lossMask.slice(0, length) };
        const segments = tokenSegments(cut);
        expect(segments.reduce((sum, { from, to }) => sum + to - from, 0)).toBe(length);
      }
    }
  });

  it('takes a policy that repeats control tokens as it finds it', () => {
    const { toolCall, toolCallEnd, thinkEnd } = tokenIds;
    const tokens = Int32Array.of(1, 9, 3, toolCall, toolCall, toolCallEnd, thinkEnd, toolCall, 10);
    const lossMask = Uint8Array.of(0, 0, 0, 1, 1, 1, 1, 1, 1);
    expect(tokenSegments({ tokens, lossMask }).map(({ kind }) => kind)).toEqual([
      'prompt',
      'call',
      'call',
      'answer',
    ]);
  });

  it('tells a call that was never closed from one that ran, and does not count it', () => {
    const { toolCall, toolCallEnd } = tokenIds;
    const tokens = Int32Array.of(1, 9, 3, toolCall, 9, toolCall, 9, toolCallEnd, 10, toolCall, 9);
    const lossMask = Uint8Array.from(tokens, (_, i) => (i < 3 ? 0 : 1));
    const segments = tokenSegments({ tokens, lossMask });
    expect(segments.filter(({ kind }) => kind === 'call').map(({ finished }) => finished)).toEqual([
      false,
      true,
      false,
    ]);
    expect(transcriptRows(segments).flatMap(({ call }) => (call === null ? [] : [call]))).toEqual([0]);
    for (const trajectory of taught)
      for (const { finished } of tokenSegments(trajectory)) expect(finished).toBe(true);
  });

  it('puts a thought, its call and the response on one line, and numbers the calls', () => {
    const dense = taught.find(({ calls }) => calls.length >= 3);
    if (dense === undefined) throw new Error('The teacher made no dense trajectory.');
    const rows = transcriptRows(tokenSegments(dense));
    expect(rows.flatMap(({ call }) => (call === null ? [] : [call]))).toEqual(dense.calls.map((_, i) => i));
    expect(rows[1]?.segments.map(({ kind }) => kind).slice(-2)).toEqual(['call', 'response']);
  });
});
