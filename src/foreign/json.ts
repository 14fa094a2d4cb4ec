/**
 * JSON from elsewhere: measured before it is parsed, since a parser builds whatever it is told to.
 *
 * Invariant (json.test.ts): a text that is too long, too deep or of too many values is refused before anything is built of it.
 */
import * as limits from './limits.ts';

export type ParsedJson =
  | { readonly ok: true; readonly json: unknown }
  /** The message completes “… was not opened:”. */
  | { readonly ok: false; readonly message: string };

export interface JsonLimits {
  readonly characters: number;
  readonly values: number;
  readonly depth: number;
}

const usual: JsonLimits = {
  characters: limits.textBytes,
  values: limits.jsonValues,
  depth: limits.jsonDepth,
};

/** Never throws. */
export function parseJson(text: string, most: JsonLimits = usual): ParsedJson {
  const beyond = beyondLimits(text, most);
  if (beyond !== null) return { ok: false, message: beyond };
  try {
    return { ok: true, json: JSON.parse(text) };
  } catch {
    return { ok: false, message: 'it is not a JSON file, or was cut off.' };
  }
}

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;

/** What is too large about a text, in words that complete “… was not opened:”; null where nothing is. */
function beyondLimits(text: string, most: JsonLimits): string | null {
  if (text.length > most.characters) return 'it is far larger than a file of this lab.';
  let values = 1;
  let depth = 0;
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code === quote) quoted = !quoted;
    else if (quoted) {
      if (code === backslash) i++;
    } else if (code === comma) values++;
    else if ((code | 0x20) === 0x7b) {
      values++; // [ or {
      if (++depth > most.depth) return 'its lists lie deeper in each other than in any file of this lab.';
    } else if ((code | 0x20) === 0x7d) depth--;
  }
  return values > most.values ? 'it holds far more values than a file of this lab.' : null;
}
