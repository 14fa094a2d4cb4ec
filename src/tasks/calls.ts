/**
 * Tool calls in tokens: finding, counting, and telling the post-hoc ones.
 *
 * Invariant: a call is a sampled `</tool_call>` with a `<tool_call>` open before it; its code is everything since the last
 * opener. A closer with nothing open is no call, and an opener that never closes is none either. The rollout, the
 * metrics and the tests all count by this rule, so the tokens and the sandbox's log agree.
 */
import type { ToolCall, Trajectory } from './trajectory.ts';
import { decodeTokens, tokenIds } from './vocabulary.ts';

export interface ToolCallSpan {
  /** Index of the `<tool_call>` that opens it. */
  readonly start: number;
  /** Index after its `</tool_call>`. */
  readonly codeEnd: number;
  /** Index after the `</tool_response>` that follows at once; `codeEnd` where none does or it was cut off. */
  readonly end: number;
  /** Text between opener and closer, control tokens by name: no Python has `<|im_end|>`, so those cells fail. */
  readonly code: string;
}

type Tokens = Int32Array | readonly number[];

/**
 * Every call in the tokens, in order.
 * @param lossMask // [tokens]; where given, only control tokens with mask 1 (produced by the policy) open and close calls
 */
export function parseToolCalls(tokens: Tokens, lossMask?: Uint8Array | readonly number[]): ToolCallSpan[] {
  const spans: ToolCallSpan[] = [];
  let open = -1;
  for (let i = 0; i < tokens.length; i++) {
    if (lossMask !== undefined && lossMask[i] !== 1) continue;
    const token = tokens[i];
    if (token === tokenIds.toolCall) {
      open = i;
    } else if (token === tokenIds.toolCallEnd && open >= 0) {
      const codeEnd = i + 1;
      const code = decodeTokens(tokens.slice(open + 1, i));
      spans.push({ start: open, codeEnd, end: responseEnd(tokens, codeEnd, lossMask), code });
      open = -1;
    }
  }
  return spans;
}

/** Number of calls in the tokens. A call that a budget refused to run is among them. */
export function countToolCalls(tokens: Tokens, lossMask?: Uint8Array | readonly number[]): number {
  return parseToolCalls(tokens, lossMask).length;
}

/**
 * The code of the call that a sequence ending with a just sampled `</tool_call>` makes, and where it opened; null where
 * that closer has no opener, which is no call: nothing runs and nothing is logged, and the policy reads an error.
 */
export function pendingCall(tokens: Tokens): { readonly start: number; readonly code: string } | null {
  const last = tokens.length - 1;
  if (tokens[last] !== tokenIds.toolCallEnd) return null;
  for (let i = last - 1; i >= 0; i--) {
    if (tokens[i] === tokenIds.toolCallEnd) return null;
    if (tokens[i] === tokenIds.toolCall) return { start: i, code: decodeTokens(tokens.slice(i + 1, last)) };
  }
  return null;
}

function responseEnd(tokens: Tokens, codeEnd: number, lossMask?: Uint8Array | readonly number[]): number {
  if (tokens[codeEnd] !== tokenIds.toolResponse) return codeEnd;
  // Tool output is forced; a policy that writes its own response has not been answered.
  if (lossMask !== undefined && lossMask[codeEnd] === 1) return codeEnd;
  for (let i = codeEnd + 1; i < tokens.length; i++) {
    if (tokens[i] === tokenIds.toolResponseEnd) return i + 1;
    if (tokens[i] === tokenIds.toolResponse) return codeEnd;
  }
  return codeEnd;
}

/**
 * For every call of a trajectory, whether it is post-hoc: made after the value of the step it takes was already written.
 *
 * The rule. A head step is a run of sampled text from a letter to the next letter or control token; its values are the
 * whole numbers that follow a `=` and do not begin a further sum (`a37*2=60+14=74 ` has 74, not 60). A call with a letter
 * just before its `<tool_call>` is post-hoc when an earlier head step with that letter has a value, right or wrong: the
 * call repeats that step. A call without a letter is post-hoc when its output is a value of any earlier head step, or
 * when its code is a bare number that an earlier call has put out: it computes nothing.
 */
export function postHocCalls(trajectory: Trajectory): boolean[] {
  const { tokens, lossMask, calls } = trajectory;
  const headValues = new Map<string, Set<string>>(); // by letter
  const outputs = new Set<string>();
  let scanned = 0;
  return calls.map((call) => {
    addHeadValues(headValues, sampledText(tokens, lossMask, scanned, call.start));
    scanned = call.end;
    const label = labelOf(tokens, call);
    if (label !== null) {
      if (call.result.kind === 'ok') outputs.add(call.result.output.trim());
      return headValues.has(label);
    }
    if (call.result.kind !== 'ok') return false;
    const output = call.result.output.trim();
    const echoes = /^-?\d+$/.test(call.code.trim()) && outputs.has(output);
    outputs.add(output);
    return echoes || [...headValues.values()].some((values) => values.has(output));
  });
}

function labelOf(tokens: Int32Array, call: ToolCall): string | null {
  const before = call.start > 0 ? decodeTokens(tokens.slice(call.start - 1, call.start)) : '';
  return /^[a-z]$/.test(before) ? before : null;
}

/** Sampled tokens of [from, to) as text; forced ones become a break. */
function sampledText(tokens: Int32Array, lossMask: Uint8Array, from: number, to: number): string {
  let text = '';
  for (let i = from; i < to; i++) text += lossMask[i] === 1 ? decodeTokens(tokens.slice(i, i + 1)) : '<>';
  return text;
}

function addHeadValues(headValues: Map<string, Set<string>>, text: string): void {
  for (const [, label, workings] of text.replace(/<[^>]*>/g, '<').matchAll(/([a-z])([^a-z<]*)/g)) {
    for (const [, value] of (workings ?? '').matchAll(/=(-?\d+)(?![-\d+*/%])/g)) {
      if (label === undefined || value === undefined) continue;
      const values = headValues.get(label) ?? new Set<string>();
      headValues.set(label, values.add(value));
    }
  }
}
