/**
 * A few broken files for each parser; `npm run fuzz` tries ten thousand.
 */
import { describe, expect, it } from 'vitest';
import { attack } from './testing/attack.ts';
import { parsers } from './testing/parsers.ts';

/** The recordings that come with the page are large: a few of them are as much work as all the others. */
const few = new Set(['recording']);

describe('broken files', () => {
  it.each(parsers.map((parser) => [parser.name, parser] as const))(
    'are read whole or refused in a sentence: %s',
    { timeout: 120_000 },
    async (name, parser) => {
      const { failures, whole, refused } = await attack(parser, few.has(name) ? 2 : 60, 7);
      expect(failures).toEqual([]);
      expect(whole + refused).toBeGreaterThan(0);
    },
  );
});
