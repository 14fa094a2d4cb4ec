/**
 * Lessons: what the first view tells, as data. A lesson says which two recordings it shows, in which words, and which buttons it has.
 *
 * To write one, no code is needed. Put `public/lessons/<name>.json` beside the others (`collapse.json` is a good one to copy) and open
 * `?lesson=<name>`; add its name to `public/lessons/index.json` and the page lists it. Both recordings lie in `public/runs/`; a run
 * that was exported from the lab can be put there as it is.
 *
 * `captions` are told in order: the newest moment that has come decides. `{...}` in one becomes a number of the recordings at
 * that round (lab/lesson/captions.ts has the list): `{a.calls}`, `{b.right}`, `{round}`.
 */
import { z } from 'zod';
import { count, listOf } from '../foreign/schema.ts';

/** Moments of a pair of runs that a caption may wait for; a number is a round. */
export const momentNames = [
  'start', // before anything was learned
  'coldStart', // while both imitate their teacher
  'taught', // the cold start is over
  'reward', // reinforcement learning has begun
  'half', // student a makes half of the calls that its cold start taught it
  'gone', // a tenth of them
  'longer', // stage 2: longer problems, more room
  'end', // the final examination
] as const;
export type MomentName = (typeof momentNames)[number];

const sentence = z.string().min(1).max(600);

const studentSchema = z.object({
  /** In `public/runs/`. */
  file: z.string().regex(/^[\w][\w.-]*\.json(\.gz)?$/),
  /** Short: it stands at the line's end. */
  name: z.string().min(1).max(24),
  /** What this one was shown, in a sentence. */
  taught: sentence,
});

export const lessonControls = ['train', 'rescue', 'copy'] as const;

export const lessonSchema = z.object({
  title: z.string().min(1).max(80),
  /** One or two sentences under the title. */
  lead: sentence,
  /** Student a has the colour of the sparse cold start, b of the dense one. */
  students: z.object({ a: studentSchema, b: studentSchema }),
  /** Asked before anything is shown of the end; null shows everything at once. */
  question: sentence.nullable(),
  captions: listOf(z.object({ at: z.union([z.enum(momentNames), count]), text: sentence }), 64).refine(
    (captions) => captions.length > 0,
  ),
  /** Where the playhead stands when the lesson is opened without a question. */
  opensAt: z.union([z.enum(momentNames), count]).default('end'),
  controls: listOf(z.enum(lessonControls), lessonControls.length),
  /** The lesson that comes next, if any. */
  next: z.string().max(40).optional(),
});

export interface Lesson extends z.output<typeof lessonSchema> {
  readonly name: string;
}
export type Student = 'a' | 'b';
export const students: readonly Student[] = ['a', 'b'];

export const isLessonName = (name: string): boolean => /^[\w-]{1,40}$/.test(name);

export type ReadLesson =
  | { readonly ok: true; readonly lesson: Lesson }
  | { readonly ok: false; readonly message: string };

/** A lesson from its file's contents. Never throws; what is wrong with it is said in a sentence. */
export function readLesson(name: string, json: unknown): ReadLesson {
  const read = lessonSchema.safeParse(json);
  if (read.success) return { ok: true, lesson: { name, ...read.data } };
  const issue = read.error.issues[0];
  const where = issue?.path.join('.') ?? '';
  return {
    ok: false,
    message: `The lesson “${name}” cannot be read: ${where === '' ? 'it is no lesson' : `see “${where}” in public/lessons/${name}.json`}.`,
  };
}

/** Names of the lessons that the page lists, in order. */
export function readLessonIndex(json: unknown): readonly string[] {
  return (listOf(z.string().max(40), 100).safeParse(json).data ?? []).filter(isLessonName);
}
