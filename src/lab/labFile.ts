/**
 * What a file turns out to be: a run, a study, or nothing that the lab knows. Pure, so that a thread beside the page's can do it
 * (labFile.worker.ts): of a large file a stranger decides how long that takes.
 */
import { parseJson } from '../foreign/json.ts';
import { fileText } from '../record/fileText.ts';
import { readRun, type ReadRun } from '../record/runFile.ts';
import { isStudy, readStudy, type Study } from '../study/study.ts';

export type LabFile =
  | { readonly kind: 'run'; readonly run: Extract<ReadRun, { ok: true }> }
  | { readonly kind: 'study'; readonly study: Study }
  /** The message completes “… was not opened:”. */
  | { readonly kind: 'refused'; readonly message: string };

/** Never throws. */
export async function readLabFile(file: Blob): Promise<LabFile> {
  // A damaged packed file rejects.
  const text = await fileText(file).catch(() => '');
  if (text === undefined) return refused('it is far larger than a run of this lab.');
  const parsed = parseJson(text);
  if (!parsed.ok) return refused(parsed.message);
  if (isStudy(parsed.json)) {
    const read = readStudy(parsed.json);
    return read.ok ? { kind: 'study', study: read.study } : refused(read.message);
  }
  const run = readRun(parsed.json);
  return run.ok ? { kind: 'run', run } : refused(run.message);
}

export function refused(message: string): LabFile {
  return { kind: 'refused', message };
}
