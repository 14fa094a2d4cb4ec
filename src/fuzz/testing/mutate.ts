/**
 * Ways to break a file: flipped bits, missing ends, pieces of other places, and, where there is JSON in it, other numbers, other names, lists
 * in lists, lists that are far too long. Same seed, same mutation.
 */
import { gunzipSync, gzipSync } from 'node:zlib';
import type { Random } from '../../random/random.ts';

/** Where a file's JSON is. */
export type Form = 'text' | 'json' | 'gzip' | 'safetensors';

/** A broken copy of `bytes`. @param other sound bytes of the same kind, to take pieces from */
export function mutate(bytes: Uint8Array, other: Uint8Array, form: Form, random: Random): Uint8Array {
  let broken = once(bytes, other, form, random);
  // Some are broken twice, as a second fault may hide behind a first.
  if (random.uniform() < 0.2) broken = once(broken, other, form, random);
  return broken;
}

function once(bytes: Uint8Array, other: Uint8Array, form: Form, random: Random): Uint8Array {
  if (bytes.length === 0 || form === 'text' || random.uniform() < 0.35) return rawly(bytes, other, random);
  switch (form) {
    case 'json':
      return encode(inText(decode(bytes), random));
    case 'gzip':
      try {
        return new Uint8Array(gzipSync(inText(decode(gunzipSync(bytes)), random), { level: 1 }));
      } catch {
        return rawly(bytes, other, random); // broken before
      }
    case 'safetensors':
      return inHeader(bytes, random);
  }
}

const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const encode = (text: string) => new TextEncoder().encode(text);

// -- bytes

function rawly(bytes: Uint8Array, other: Uint8Array, random: Random): Uint8Array {
  const place = () => random.integer(0, Math.max(0, bytes.length - 1));
  switch (random.integer(0, 4)) {
    case 0: {
      const flipped = bytes.slice();
      for (let i = random.integer(1, 8); i > 0 && flipped.length > 0; i--)
        flipped[place()]! ^= 1 << random.integer(0, 7);
      return flipped;
    }
    case 1:
      return bytes.slice(0, place());
    case 2: {
      const from = random.integer(0, Math.max(0, other.length - 1));
      const piece = other.subarray(from, from + random.integer(1, 2000));
      const at = place();
      const keep = random.uniform() < 0.5 ? at : Math.min(bytes.length, at + piece.length);
      return joined(bytes.subarray(0, at), piece, bytes.subarray(keep));
    }
    case 3: {
      const zeroed = bytes.slice();
      const at = place();
      zeroed.fill(random.choice([0, 255, 0x20]), at, at + random.integer(1, 4096));
      return zeroed;
    }
    default: {
      const at = place();
      return joined(bytes.subarray(0, at), bytes.subarray(at + random.integer(1, 64)));
    }
  }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const all = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

// -- JSON

const numbers = [
  ...['-1', '0', '1', '1.5', '1e9', '-1e9', '1e308', '-1e308', '1e999', '1e-320', '4294967296', '2147483648'],
  ...[
    '9007199254740991',
    '9007199254740993',
    '99999999999999999999',
    '3.5e38',
    'null',
    'true',
    '""',
    '[]',
    '{}',
  ],
];
const names = ['__proto__', 'constructor', 'toString', 'length', '', '\\u0000', 'format'];
/** Longest text that a mutation makes, characters; a few are longer than any parser reads. */
const longest = 1_500_000;
const beyondAll = 40_000_000;

function inText(text: string, random: Random): string {
  switch (random.integer(0, 5)) {
    case 0:
    case 1:
      return replaced(text, /-?\d+(\.\d+)?(e[+-]?\d+)?/g, random.choice(numbers), random);
    case 2:
      return replaced(
        text,
        /"[^"\\]{0,80}"/g,
        JSON.stringify(random.choice(names)).replace('\\\\', '\\'),
        random,
      );
    case 3: {
      const depth = random.choice([3, 40, 5000, 200_000]);
      const closed = random.uniform() < 0.5 ? ']'.repeat(depth) : '';
      return replaced(text, /-?\d+|"[^"\\]{0,80}"/g, '['.repeat(depth) + closed, random);
    }
    case 4: {
      // One value of a list again and again.
      const most =
        random.uniform() < 0.005
          ? beyondAll
          : random.choice([2000, 2000, 2000, 20_000, 20_000, 200_000, longest]);
      const value = /[^,[\]{}"]+(?=,)/g;
      value.lastIndex = random.integer(0, Math.max(0, text.length - 1));
      const found = value.exec(text);
      if (found === null) return text.slice(1);
      const piece = `${found[0]},`;
      return (
        text.slice(0, found.index) + piece.repeat(Math.ceil(most / piece.length)) + text.slice(found.index)
      );
    }
    default: {
      // A whole piece between two commas goes, or comes twice.
      const from = text.indexOf(',', random.integer(0, Math.max(0, text.length - 1)));
      const to = text.indexOf(',', from + random.integer(1, 400));
      if (from < 0 || to < 0) return text.slice(0, -1);
      return random.uniform() < 0.5
        ? text.slice(0, from) + text.slice(to)
        : text.slice(0, to) + text.slice(from);
    }
  }
}

/** One match at a random place, the first one where there is none behind it. */
function replaced(text: string, pattern: RegExp, by: string, random: Random): string {
  pattern.lastIndex = random.integer(0, Math.max(0, text.length - 1));
  const found = pattern.exec(text);
  if (found === null) return text.replace(new RegExp(pattern.source), () => by);
  return text.slice(0, found.index) + by + text.slice(found.index + found[0].length);
}

// -- safetensors

const lengths = [0n, 1n, 7n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n];

function inHeader(bytes: Uint8Array, random: Random): Uint8Array {
  if (bytes.length < 8) return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const length = Number(view.getBigUint64(0, true));
  if (length > bytes.length - 8) return bytes.slice(0, 8 + random.integer(0, 64));
  const header = encode(inText(decode(bytes.subarray(8, 8 + length)), random));
  const prefix = new Uint8Array(8);
  const said = random.uniform() < 0.1 ? random.choice(lengths) : BigInt(header.length);
  new DataView(prefix.buffer).setBigUint64(0, said, true);
  return joined(prefix, header, bytes.subarray(8 + length));
}
