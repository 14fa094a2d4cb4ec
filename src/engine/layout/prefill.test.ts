import { expect, test } from 'vitest';
import { cutPrefill, sharePrefixes } from './prefill.ts';

const one = { slot: 2, position: 5, tokens: [10, 11, 12], copyTo: [] };
const two = { slot: 0, position: 0, tokens: [20, 21], copyTo: [1] };

test('rows are token, position and slot, in order', () => {
  expect(cutPrefill([one, two], 8)).toEqual([
    Uint32Array.of(10, 5, 2, 0, 11, 6, 2, 0, 12, 7, 2, 0, 20, 0, 0, 0, 21, 1, 0, 0),
  ]);
});

test('a lot holds at most the plan’s rows, wherever that cuts', () => {
  const whole = cutPrefill([one, two], 8).flatMap((lot) => [...lot]);
  for (const rows of [1, 2, 3, 4, 5]) {
    const lots = cutPrefill([one, two], rows);
    expect(lots.map((lot) => lot.length / 4)).toEqual(
      Array.from({ length: Math.ceil(5 / rows) }, (_, i) => Math.min(rows, 5 - i * rows)),
    );
    expect(lots.flatMap((lot) => [...lot])).toEqual(whole);
  }
  expect(cutPrefill([], 4)).toEqual([]);
});

test('equal beginnings are computed once; empty ones not at all', () => {
  const beginnings = [
    { slot: 4, tokens: [1, 2] },
    { slot: 0, tokens: [] },
    { slot: 7, tokens: [1, 2] },
    { slot: 1, tokens: [12] },
  ];
  expect(sharePrefixes(beginnings)).toEqual([
    { slot: 4, position: 0, tokens: [1, 2], copyTo: [7] },
    { slot: 1, position: 0, tokens: [12], copyTo: [] },
  ]);
});
