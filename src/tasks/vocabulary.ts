/**
 * The token vocabulary: Qwen3's control tokens, then single characters.
 *
 * Invariant: ids never move. A checkpoint, a recorded run and a fixture all hold these ids, so new characters go at
 * the end. Text is only ever shown; nothing in the recipe decodes and re-encodes what the policy produced.
 */

/** Control tokens, under the names Qwen3 gives them. */
export const specialTokens = [
  '<|endoftext|>',
  '<|im_start|>',
  '<|im_end|>',
  '<think>',
  '</think>',
  '<tool_call>',
  '</tool_call>',
  '<tool_response>',
  '</tool_response>',
] as const;

/** Characters that a policy can read and write. Lower-case letters name the steps of a problem. */
const characters = "0123456789+-*/%= .,()_:'\nabcdefghijklmnopqrstuvwxyzE";

/** Every token's text, by id. */
export const tokenTexts: readonly string[] = [...specialTokens, ...characters];

export const vocabularySize = tokenTexts.length;

const idOfText = new Map(tokenTexts.map((text, id) => [text, id]));

export const tokenIds = {
  pad: 0,
  imStart: 1,
  imEnd: 2,
  think: 3,
  thinkEnd: 4,
  toolCall: 5,
  toolCallEnd: 6,
  toolResponse: 7,
  toolResponseEnd: 8,
} as const;

/** True when every character of `text` has a token. */
export function isEncodable(text: string): boolean {
  return [...text].every((character) => idOfText.has(character));
}

/** Token ids of plain characters. Throws on a character outside the vocabulary; check with `isEncodable`. */
export function encodeText(text: string): number[] {
  return [...text].map((character) => {
    const id = idOfText.get(character);
    if (id === undefined) throw new Error(`The vocabulary has no token for ${JSON.stringify(character)}.`);
    return id;
  });
}

/** The text of tokens, control tokens by name. For people and for the sandbox's code; never re-encoded. */
export function decodeTokens(tokens: ArrayLike<number>): string {
  let text = '';
  for (let i = 0; i < tokens.length; i++) text += tokenTexts[tokens[i]!] ?? '\uFFFD';
  return text;
}
