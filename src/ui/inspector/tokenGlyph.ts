/**
 * How a token is drawn: a character as itself, a control token as a short tag.
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
  '<tool_call>': '⟨call⟩',
  '</tool_call>': '⟨/call⟩',
  '<tool_response>': '⟨out⟩',
  '</tool_response>': '⟨/out⟩',
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
