/**
 * A moment of a lesson as an address: `?lesson=collapse&round=13&problem=2&guess=0.4,2.1&embed=1`.
 *
 * Invariants (lesson.test.ts). (1) Writing and reading is the identity. (2) Reading never throws: what makes no sense is left out.
 * (3) An address that names a setting or a preset means the instrument, one that names a lesson the lesson; one that says neither opens
 * what the visitor chose last, at first the lesson.
 */
import { isLessonName } from '../../recipes/lessons.ts';

/** Calls per attempt at which a person expects each student to end. */
export interface Guess {
  readonly a: number;
  readonly b: number;
}

export interface Moment {
  readonly lesson: string;
  /** Rollout rounds behind the playhead; null where the lesson itself decides. */
  readonly round: number | null;
  /** Which of the problems is chosen. */
  readonly problem: number;
  readonly guess: Guess | null;
  /** Without the page's frame, for another page to show. */
  readonly embed: boolean;
}

export const firstLesson = 'collapse';

export type View = 'lesson' | 'lab';

/** Parameters of the address that are no settings of a run. */
export const lessonParameters = ['view', 'lesson', 'round', 'problem', 'guess', 'embed'] as const;

/** Which view an address asks for; null where it leaves it open. */
export function viewOf(query: string): View | null {
  const asked = new URLSearchParams(query);
  const view = asked.get('view');
  if (view === 'lab' || view === 'lesson') return view;
  if (asked.has('lesson') || asked.has('embed')) return 'lesson';
  const known: readonly string[] = [...lessonParameters, 'isolate', 'v'];
  return [...asked.keys()].some((key) => !known.includes(key)) ? 'lab' : null;
}

export function readMoment(query: string): Moment {
  const asked = new URLSearchParams(query);
  const lesson = asked.get('lesson') ?? firstLesson;
  return {
    lesson: isLessonName(lesson) ? lesson : firstLesson,
    round: count(asked.get('round')),
    problem: count(asked.get('problem')) ?? 0,
    guess: readGuess(asked.get('guess')),
    embed: asked.get('embed') === '1',
  };
}

/** The query without its question mark. */
export function writeMoment({ lesson, round, problem, guess, embed }: Moment): string {
  const query = [`lesson=${lesson}`];
  if (round !== null) query.push(`round=${round}`);
  if (problem > 0) query.push(`problem=${problem}`);
  if (guess !== null) query.push(`guess=${guess.a.toFixed(1)},${guess.b.toFixed(1)}`);
  if (embed) query.push('embed=1');
  return query.join('&');
}

function count(text: string | null): number | null {
  return text !== null && /^\d{1,6}$/.test(text) ? Number(text) : null;
}

function readGuess(text: string | null): Guess | null {
  const parts = /^(\d{1,3}(?:\.\d+)?),(\d{1,3}(?:\.\d+)?)$/.exec(text ?? '');
  return parts === null ? null : { a: Number(parts[1]), b: Number(parts[2]) };
}
