/**
 * A few broken files for each parser; `npm run fuzz` tries ten thousand.
 */
import { describe, expect, it } from 'vitest';
import { attack } from './testing/attack.ts';
import { parsers } from './testing/parsers.ts';

describe('broken files', () => {
  it.each(parsers.map((parser) => [parser.name, parser] as const))(
    'are read whole or refused in a sentence: %s',
    { timeout: 120_000 },
    async (_, parser) => {
      const { failures, whole, refused } = await attack(parser, Math.ceil(40 * (parser.share ?? 1)), 7);
      expect(failures).toEqual([]);
      expect(whole + refused).toBeGreaterThan(0);
    },
  );
});
