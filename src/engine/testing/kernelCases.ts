/** What the kernel tests of both hand-written engines share: packed rows, and a relative comparison. */
import { expect } from 'vitest';
import type { Random } from '../../random/random.ts';
import type { Numbers } from './oracle.ts';

/** Largest difference, relative to the largest value wanted. */
export function expectClose(got: Numbers | undefined, want: Numbers, tolerance = 2e-5): void {
  let worst = 0;
  let scale = 1e-6;
  for (let i = 0; i < want.length; i++) {
    worst = Math.max(worst, Math.abs(got![i]! - want[i]!));
    scale = Math.max(scale, Math.abs(want[i]!));
    if (Number.isNaN(worst)) break;
  }
  expect(worst / scale).toBeLessThan(tolerance);
}

/** Rows of packed segments of the given lengths, as the kernels see them; token ids are below `vocabulary`. */
export function packed(lengths: readonly number[], random: Random, vocabulary = 5) {
  const tokens: number[] = [];
  const starts: number[] = [];
  const positions: number[] = [];
  let row = 0;
  for (const length of lengths) {
    for (let t = 0; t < length; t++) {
      tokens.push(random.integer(0, vocabulary - 1), t, row, row + length);
      starts.push(row);
      positions.push(t);
    }
    row += length;
  }
  return { rows: row, tokens: Uint32Array.from(tokens), starts, positions };
}
