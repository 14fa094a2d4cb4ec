/**
 * What is said at a round: the lesson's sentence for the newest moment that has come, with this pair's numbers in it.
 *
 * A template knows `{round}` and `{rounds}`, and of each student `{a.name}`, `{a.calls}` (per attempt), `{a.right}` (share of attempts
 * that were paid), `{a.taughtCalls}` (after the cold start), `{a.heldOut}` (the final examination, with its error),
 * `{a.heldOutBefore}` and `{a.shown}` (solutions in its cold start); the same with `b`. Invariants (lesson.test.ts). (1) A moment comes when the recordings say so, never by a
 * fixed round. (2) A number that was not measured is a dash.
 */
import { students, type Lesson, type MomentName, type Student } from '../../recipes/lessons.ts';
import { newestAt, type Examination, type StudentRun } from './pair.ts';
import type { Timeline } from './timeline.ts';

export type Pair = Readonly<Record<Student, StudentRun>>;

/** Rounds over which calls are averaged before a moment is called, so that no single round calls it. */
const averaged = 3;

/** The round at which each moment comes; one that never comes is absent. */
export function moments(pair: Pair, timeline: Timeline): ReadonlyMap<MomentName, number> {
  const { calls } = pair.a;
  const found = new Map<MomentName, number>([
    ['start', 0],
    ['coldStart', Math.min(1, timeline.taught)],
    ['taught', timeline.taught],
    ['reward', timeline.taught + 1],
    ['end', timeline.last],
  ]);
  if (timeline.longer !== null) found.set('longer', timeline.longer + 1);
  const taught = newestAt(calls, timeline.taught);
  if (taught === null || taught <= 0) return found;
  for (const [name, share] of [
    ['half', 0.5],
    ['gone', 0.1],
  ] as const) {
    const round = calls.x.find((x, row) => {
      if (x <= timeline.taught) return false;
      const window = calls.y.slice(row, row + averaged);
      return window.length === averaged && window.reduce((sum, y) => sum + y, 0) / averaged < share * taught;
    });
    if (round !== undefined && round < timeline.last) found.set(name, round);
  }
  return found;
}

/** The round of a moment or number; null where it never comes. */
export function roundOf(at: MomentName | number, found: ReadonlyMap<MomentName, number>): number | null {
  return typeof at === 'number' ? at : (found.get(at) ?? null);
}

/** The sentence at a round; '' before the first. */
export function captionAt(
  lesson: Pick<Lesson, 'captions' | 'students'>,
  pair: Pair,
  timeline: Timeline,
  found: ReadonlyMap<MomentName, number>,
  round: number,
): string {
  let newest: { readonly text: string; readonly round: number } | null = null;
  for (const { at, text } of lesson.captions) {
    const comes = roundOf(at, found);
    if (comes === null || comes > round) continue;
    if (newest === null || comes >= newest.round) newest = { text, round: comes };
  }
  return newest === null ? '' : filled(newest.text, lesson, pair, timeline, round);
}

function filled(
  text: string,
  lesson: Pick<Lesson, 'students'>,
  pair: Pair,
  timeline: Timeline,
  round: number,
): string {
  return text.replace(/\{([\w.]+)\}/g, (whole, key: string) => {
    if (key === 'round') return String(round);
    if (key === 'rounds') return String(timeline.last);
    const [who, what] = key.split('.');
    const student = students.find((one) => one === who);
    if (student === undefined || what === undefined) return whole;
    const run = pair[student];
    switch (what) {
      case 'name':
        return lesson.students[student].name;
      case 'calls':
        return callsText(newestAt(run.calls, round));
      case 'taughtCalls':
        return callsText(newestAt(run.calls, timeline.taught));
      case 'right':
        return percent(newestAt(run.reward, round));
      case 'taughtRight':
        return percent(newestAt(run.reward, timeline.taught));
      case 'heldOut':
        return examText(run.after);
      case 'heldOutBefore':
        return examText(run.before);
      case 'shown':
        return run.shown === null ? '–' : run.shown.toLocaleString('en');
      default:
        return whole;
    }
  });
}

/** Calls per attempt, one decimal; two where that would read as none. */
export function callsText(calls: number | null): string {
  if (calls === null) return '–';
  return calls > 0 && calls < 0.95 ? calls.toFixed(2) : calls.toFixed(1);
}

export function percent(share: number | null): string {
  return share === null ? '–' : `${Math.round(100 * share)}%`;
}

/** “88 ± 4%”, on one line. */
export function examText(examination: Examination | null): string {
  if (examination === null) return '–';
  return `${Math.round(100 * examination.accuracy)}\u00a0±\u00a0${Math.round(100 * examination.error)}%`;
}
