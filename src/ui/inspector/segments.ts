/**
 * A trajectory's tokens cut into what a person sees: prompt, thought, call, response, answer.
 *
 * Invariant (segments.test.ts): segments cover all tokens in order without gaps; they are cut at control tokens and at the loss mask, never
 * by decoding. A trajectory that was cut off simply ends inside its last segment.
 */
import type { Trajectory } from '../../tasks/trajectory.ts';
import { tokenIds } from '../../tasks/vocabulary.ts';

export type SegmentKind = 'prompt' | 'thought' | 'call' | 'response' | 'answer';

export interface TokenSegment {
  readonly kind: SegmentKind;
  readonly from: number; // token index
  readonly to: number; // exclusive
  /** False for a call that was opened and never closed: nothing ran. */
  readonly finished: boolean;
}

export function tokenSegments({ tokens, lossMask }: Pick<Trajectory, 'tokens' | 'lossMask'>): TokenSegment[] {
  const firstSampled = lossMask.indexOf(1);
  const promptEnd = firstSampled < 0 ? tokens.length : firstSampled;
  const segments: TokenSegment[] = [];
  const open: { kind: SegmentKind; from: number } = { kind: 'prompt', from: 0 };
  const cut = (at: number, next: SegmentKind) => {
    const finished = open.kind !== 'call' || tokens[at - 1] === tokenIds.toolCallEnd;
    if (at > open.from) segments.push({ ...open, to: at, finished });
    open.from = at;
    open.kind = next;
  };
  cut(promptEnd, 'thought');
  for (let i = promptEnd; i < tokens.length; i++) {
    switch (tokens[i]) {
      case tokenIds.toolCall:
        if (open.kind !== 'answer') cut(i, 'call');
        break;
      case tokenIds.toolResponse:
        if (lossMask[i] === 0) cut(i, 'response');
        break;
      case tokenIds.toolCallEnd:
      case tokenIds.toolResponseEnd:
        if (open.kind === 'call' || open.kind === 'response') cut(i + 1, 'thought');
        break;
      case tokenIds.thinkEnd:
        cut(i, 'answer');
        break;
      default:
        break;
    }
  }
  cut(tokens.length, open.kind);
  return segments;
}

/** One line of a transcript: a thought, and the call it leads to, with its response. */
export interface TranscriptRow {
  readonly segments: readonly TokenSegment[];
  /** Which call of the trajectory this row makes, from 0; null where it makes none, or opens one that it never closes. */
  readonly call: number | null;
}

export function transcriptRows(segments: readonly TokenSegment[]): TranscriptRow[] {
  const rows: { segments: TokenSegment[]; call: number | null }[] = [];
  let calls = 0;
  for (const segment of segments) {
    const row = rows.at(-1);
    const last = row?.segments.at(-1)?.kind;
    const joins =
      (segment.kind === 'call' && last === 'thought') || (segment.kind === 'response' && last === 'call');
    const call = segment.kind === 'call' && segment.finished ? calls++ : null;
    if (row !== undefined && joins) {
      row.segments.push(segment);
      row.call ??= call;
    } else rows.push({ segments: [segment], call });
  }
  return rows;
}
