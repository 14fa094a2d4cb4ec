/**
 * What the library has of a kept run, read: its curves, and the newest checkpoint that is sound where the run can go on; with sentences
 * about what is damaged. Never throws for a damaged record.
 */
import { fileText } from '../../record/fileText.ts';
import type { RecordedRun } from '../../record/recordedRun.ts';
import { readRunFile } from '../../record/runFile.ts';
import { placeName } from '../failures.ts';
import type { RestoredRun } from '../runOptions.ts';
import type { RunEntry } from './runEntry.ts';
import type { RunLibrary } from './runLibrary.ts';

export interface ReadRun {
  /** Null where its curves cannot be read. */
  readonly record: RecordedRun | null;
  /** What a live run goes on from. */
  readonly restored: RestoredRun;
  /** Sentences for a person. */
  readonly notices: readonly string[];
}

export async function readKept(library: RunLibrary, entry: RunEntry): Promise<ReadRun> {
  const { name } = entry.label;
  const notices: string[] = [];
  const finished = entry.status === 'done' || entry.source.kind !== 'live';
  const newest = finished ? null : await library.readNewest(entry);
  const file = finished ? await library.readFile(entry) : (newest?.file ?? null);
  if (newest !== null && newest.damaged.length > 0) {
    const lost = newest.damaged.map(({ place }) => placeName(place)).join(' and ');
    notices.push(
      `What was kept of “${name}” at ${lost} is damaged; it goes back to ${placeName(newest.save.place)}.`,
    );
  }
  if (file === null && (entry.saves.length > 0 || entry.file !== null)) {
    notices.push(
      `What was kept of “${name}” is damaged: its curves cannot be shown. Its settings are whole.`,
    );
  }
  const text = file === null ? undefined : await fileText(new Blob([new Uint8Array(file)]));
  const read = text === undefined ? null : readRunFile(text);
  if (read !== null && !read.ok) notices.push(`“${name}” was not opened: ${read.message}`);
  const record = read?.ok === true ? read.run : null;
  const checkpoint =
    newest === null
      ? null
      : { place: newest.save.place, seconds: newest.save.seconds, bytes: newest.checkpoint };
  return {
    record,
    restored: { record, status: entry.status === 'done' ? 'done' : 'interrupted', checkpoint },
    notices,
  };
}
