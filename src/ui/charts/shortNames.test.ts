import { expect, it } from 'vitest';
import { shortNames } from './shortNames.ts';

it('cuts long names at the end, and in the middle where their ends tell them apart', () => {
  expect(shortNames(['Mine', 'Quick, dense cold start, seed 1'], 112)).toEqual(['Mine', 'Quick, dense col…']);
  const runs = [
    'Micro, a smoke test, seed 5',
    'Micro, a smoke test, seed 12',
    'Micro, a smoke test, seed 5 (2)',
  ];
  const short = shortNames(runs, 112);
  expect(short).toEqual(['Micro, a s…seed 5', 'Micro, a…seed 12', 'Micro…seed 5 (2)']);
  expect(new Set(short).size).toBe(3);
  for (const name of short) expect(name.length).toBeLessThanOrEqual(17);
  for (const name of shortNames(runs, 86)) expect(name.length).toBeLessThanOrEqual(13);
});
