/**
 * Opens a lesson: its text, and its two recordings, from files beside the page. It needs neither the lab's store nor a worker.
 *
 * Invariants (lesson.test.ts). (1) Nothing is asked of another origin: no name has a folder in it. (2) What cannot be shown is said
 * in a sentence, and never thrown. (3) A lesson whose recordings are absent is not listed.
 */
import { parseJson } from '../../foreign/json.ts';
import { smallTextBytes } from '../../foreign/limits.ts';
import { readLesson, readLessonIndex, students, type Lesson } from '../../recipes/lessons.ts';
import { fileText } from '../../record/fileText.ts';
import type { RecordedRun } from '../../record/recordedRun.ts';
import { readRunFile } from '../../record/runFile.ts';
import { readRecordedIndex } from '../../record/recordedIndex.ts';
import type { Pair } from './captions.ts';
import { recordedStudent } from './pair.ts';

/** A file beside the page. Rejects where there is none. */
export type Download = (path: string) => Promise<Blob>;

export interface OpenLesson {
  readonly lesson: Lesson;
  readonly recordings: Readonly<Record<'a' | 'b', RecordedRun>>;
  readonly pair: Pair;
}

export type OpenedLesson =
  | ({ readonly ok: true } & OpenLesson)
  | { readonly ok: false; readonly message: string };

export async function openLesson(name: string, download: Download): Promise<OpenedLesson> {
  const json = await download(`lessons/${name}.json`).then(readJson, () => undefined);
  if (json === undefined) return { ok: false, message: `There is no lesson “${name}” on this page.` };
  const read = readLesson(name, json);
  if (!read.ok) return read;
  const { lesson } = read;
  const [a, b] = await Promise.all(students.map((who) => openRecording(lesson.students[who].file, download)));
  if (typeof a !== 'object' || typeof b !== 'object') {
    const why = typeof a === 'string' ? a : typeof b === 'string' ? b : 'it was not found.';
    return { ok: false, message: `“${lesson.title}” cannot be shown: ${why}` };
  }
  return {
    ok: true,
    lesson,
    recordings: { a, b },
    pair: { a: recordedStudent(a), b: recordedStudent(b) },
  };
}

/** The run, or what keeps it from being shown. */
async function openRecording(file: string, download: Download): Promise<RecordedRun | string> {
  const text = await download(`runs/${file}`).then(fileText, () => undefined);
  if (text === undefined)
    return `its recording “${file}” is not among this page’s files, or could not be loaded.`;
  const read = readRunFile(text);
  return read.ok ? read.run : `its recording “${file}” was not opened: ${read.message}`;
}

export interface ListedLesson {
  readonly name: string;
  readonly title: string;
}

/** The lessons that can be shown, in their order; none where that cannot be found out. */
export async function listLessons(download: Download): Promise<readonly ListedLesson[]> {
  const [names, recorded] = await Promise.all([
    download('lessons/index.json')
      .then(readJson, () => undefined)
      .then(readLessonIndex),
    download('runs/index.json')
      .then(readRecordedIndex)
      .catch(() => []),
  ]);
  const files = new Set(recorded.map(({ file }) => file));
  const read = await Promise.all(
    names.map(async (name) => {
      const json = await download(`lessons/${name}.json`).then(readJson, () => undefined);
      const lesson = readLesson(name, json);
      if (!lesson.ok || !students.every((who) => files.has(lesson.lesson.students[who].file))) return null;
      return { name, title: lesson.lesson.title };
    }),
  );
  return read.filter((one) => one !== null);
}

async function readJson(file: Blob): Promise<unknown> {
  try {
    const text = await fileText(file, smallTextBytes);
    const parsed = parseJson(text ?? '');
    return parsed.ok ? parsed.json : undefined;
  } catch {
    return undefined;
  }
}
