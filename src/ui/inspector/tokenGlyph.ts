/**
 * How a token is drawn: a character as itself, a control token as a short tag or a single sign.
 *
 * Calls and responses come many to a trajectory, so theirs are one character wide: `[37*2]→74·`.
 */
import { specialTokens, tokenTexts } from '../../tasks/vocabulary.ts';

export interface TokenGlyph {
  readonly text: string;
  readonly control: boolean;
}

const short: Readonly<Record<string, string>> = {
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
  if (id < specialTokens.length) return { text: short[text] ?? text, control: true };
  return { text: text === '\n' ? '↵\n' : text, control: false };
});

export function tokenGlyph(token: number): TokenGlyph {
  return glyphs[token] ?? { text: '\uFFFD', control: false };
}

/** A token's own text, quoted, for the line that tells about it. */
export function tokenName(token: number): string {
  const text = tokenTexts[token];
  if (text === undefined) return `token ${token}`;
  return text === ' ' ? 'space' : text === '\n' ? 'new line' : text;
}
