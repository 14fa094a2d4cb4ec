/** Half floats in safetensors files: every one of them survives, and other numbers go to the nearest. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { narrowFloat16, readSafetensors, writeSafetensors } from './safetensors.ts';

/** The numbers as a file of half floats gives them back. */
function stored(bits: Uint16Array): Float32Array {
  const file = writeSafetensors({
    tensors: new Map([['x', { dtype: 'F16' as const, shape: [bits.length], data: bits }]]),
    metadata: {},
  });
  return readSafetensors(file).tensors.get('x')?.data as Float32Array;
}

describe('float16', () => {
  it('keeps every half float', () => {
    const all = Uint16Array.from({ length: 65_536 }, (_, i) => i);
    const numbers = stored(all);
    all.forEach((bits, i) => {
      const number = numbers[i]!;
      if (Number.isNaN(number))
        expect(Number.isNaN(stored(Uint16Array.of(narrowFloat16(number)))[0])).toBe(true);
      else expect(narrowFloat16(number)).toBe(bits);
    });
  });

  it('rounds to the nearest, ties to even', () => {
    const numbers = stored(Uint16Array.from({ length: 31_744 }, (_, i) => i)); // 0 to the largest, ascending
    fc.assert(
      fc.property(fc.nat(numbers.length - 2), fc.double({ min: 0, max: 1, noNaN: true }), (i, share) => {
        const [low, high] = [numbers[i]!, numbers[i + 1]!];
        const value = Math.fround(low + share * (high - low));
        const middle = (low + high) / 2;
        const nearest = value < middle || (value === middle && i % 2 === 0) ? i : i + 1;
        expect(narrowFloat16(value)).toBe(nearest);
        expect(narrowFloat16(-value)).toBe(nearest | 0x8000);
      }),
      { numRuns: 2000 },
    );
    expect([narrowFloat16(65_504), narrowFloat16(65_519), narrowFloat16(65_520)]).toEqual([
      0x7bff, 0x7bff, 0x7c00,
    ]);
    expect([narrowFloat16(2 ** -24), narrowFloat16(2 ** -25), narrowFloat16(2 ** -30)]).toEqual([1, 0, 0]);
  });
});
