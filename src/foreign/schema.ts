/**
 * Pieces of schemas for files from elsewhere: everything has a bound.
 */
import { z } from 'zod';
import * as limits from './limits.ts';

/** Something that is counted. */
export const count = z.int().min(0).max(limits.counted);

/** A number that was measured, or computed from such. */
export const measured = z.number().min(-limits.float32).max(limits.float32);

export const name = z.string().max(limits.nameLength);
export const text = z.string().max(limits.textLength);

/** A list of at most `most`: one that is longer is refused before its first element is looked at. */
export function listOf<T extends z.ZodType>(element: T, most: number) {
  return z.array(z.any()).max(most).pipe(z.array(element));
}

/** What is wrong with a file that no schema fits, in words that complete “… was not opened:”. */
export function complaint(error: z.ZodError): string {
  const issue = error.issues[0];
  const where = (issue?.path.join('.') ?? '').slice(0, 80);
  return issue?.code === 'too_big'
    ? `it holds more than this lab reads (at “${where}”).`
    : `it is damaged (at “${where}”).`;
}
