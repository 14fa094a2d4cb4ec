/**
 * Opens a file in a thread of its own, so that the page goes on whatever is in it, and gives it up where it takes too long.
 */
import { readLabFile, refused, type LabFile } from './labFile.ts';

/** Files up to this size, packed or not, take a few milliseconds: less than a thread's start. */
const smallBytes = 32 * 2 ** 10;
/** A run of the lab takes a second on a slow machine. */
const patience = 60_000;

export function openInThread(file: Blob): Promise<LabFile> {
  if (file.size <= smallBytes) return readLabFile(file);
  const worker = new Worker(new URL('./labFile.worker.ts', import.meta.url), { type: 'module' });
  return new Promise<LabFile>((resolve) => {
    worker.onmessage = ({ data }: MessageEvent<LabFile>) => resolve(data);
    worker.onerror = () =>
      resolve(refused('there is not enough memory for it, or the page could not load what reads it.'));
    setTimeout(() => resolve(refused('it takes too long to read.')), patience);
    worker.postMessage(file);
  }).finally(() => worker.terminate());
}
