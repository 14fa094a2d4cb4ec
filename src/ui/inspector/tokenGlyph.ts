/**
 * How a token is drawn: a character as itself, a control token as a short sign.
 *
 * Invariant: the document holds a control token's real text (so it is copied, found and read aloud as what it is); the
 * sign is drawn in its place. Calls and responses come many to a trajectory, so theirs are one character wide:
 * `[37*2]→74·`.
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

export function tokenGlyph(token: number): TokenGlyph {
  return glyphs[token] ?? { text: '\uFFFD', sign: undefined };
}

/** A token's name, for the line that tells about it. */
export function tokenName(token: number): string {
  const text = tokenTexts[token];
  if (text === undefined) return `token ${token}`;
  return text === ' ' ? 'space' : text === '\n' ? 'new line' : text;
}
