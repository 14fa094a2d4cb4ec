/**
 * How a token is drawn: a character as itself, a control token as a short sign.
 *
 * Invariant (inspector.isolated.test.tsx): the document holds a control token's real text, so that it can be copied, found and read aloud; CSS draws
 * the sign in its place. A trajectory has many calls and responses, so their signs are one character wide: `[37*2]→74·`.
 */
import { specialTokens, tokenTexts } from '../../tasks/vocabulary.ts';

export interface TokenGlyph {
  readonly text: string;
  /** Drawn instead of the text of a control token. */
  readonly sign: string | undefined;
}

const signs: Readonly<Record<(typeof specialTokens)[number], string>> = {
  '<|endoftext|>': '⟨pad⟩',
  '<|im_start|>': '⟨start⟩',
  '<|im_end|>': '⟨end⟩',
  '<think>': '⟨think⟩',
  '</think>': '⟨/think⟩',
  '<tool_call>': '[',
  '</tool_call>': ']',
  '<tool_response>': '→',
  '</tool_response>': '·',
};

const glyphs: readonly TokenGlyph[] = tokenTexts.map((text, id) => {
  const special = specialTokens[id];
  return { text: text === '\n' ? '↵\n' : text, sign: special === undefined ? undefined : signs[special] };
});

/** @param token an id of the vocabulary; files with any other are refused (record/trajectoryFile.ts) */
export function tokenGlyph(token: number): TokenGlyph {
  return glyphs[token]!;
}

/** A token's name, for the line of details. */
export function tokenName(token: number): string {
  const text = tokenTexts[token]!;
  return text === ' ' ? 'space' : text === '\n' ? 'new line' : text;
}
