import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { parseJson } from './json.ts';
import { complaint, listOf } from './schema.ts';

const few = { characters: 1000, values: 20, depth: 4 };
const refusal = (text: string) => {
  const read = parseJson(text, few);
  return read.ok ? null : read.message;
};

describe('JSON from elsewhere', () => {
  it('is parsed as it is, whatever its strings hold', () => {
    for (const json of [[1, 2, [3]], { a: '[[[[[[,,,,,\\"]]', b: { c: {} } }, '{"', null, 'ü\\', 3])
      expect(parseJson(JSON.stringify(json), few)).toEqual({ ok: true, json });
  });

  it('is refused before it is built where it is too long, too deep, or holds too much', () => {
    expect(refusal(`"${'x'.repeat(1000)}"`)).toMatch(/far larger/);
    expect(refusal('[[[[[]]]]]')).toMatch(/deeper/);
    expect(refusal('['.repeat(900))).toMatch(/deeper/);
    expect(refusal(`[${'1,'.repeat(30)}1]`)).toMatch(/more values/);
    expect(refusal(`[${'[],'.repeat(10)}1]`)).toMatch(/more values/);
    expect(refusal('[[[[]]]]')).toBeNull();
  });

  it('is refused where it is none', () => {
    for (const text of ['', '{"a":', '[1,]', 'undefined', '\u0000'])
      expect(refusal(text)).toMatch(/not a JSON/);
  });
});

describe('a list with a bound', () => {
  it('looks at no element of one that is too long', () => {
    let looked = 0;
    const element = z.number().refine(() => ++looked > 0);
    const schema = z.object({ list: listOf(element, 3) });
    expect(schema.parse({ list: [1, 2, 3] })).toEqual({ list: [1, 2, 3] });
    looked = 0;
    const read = schema.safeParse({ list: Array.from({ length: 1e6 }, () => 1) });
    expect(looked).toBe(0);
    expect(read.error === undefined ? '' : complaint(read.error)).toBe(
      'it holds more than this lab reads (at “list”).',
    );
    const damaged = schema.safeParse({ list: [1, 'x'] });
    expect(damaged.error === undefined ? '' : complaint(damaged.error)).toBe('it is damaged (at “list.1”).');
  });
});
