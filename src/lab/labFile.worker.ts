/**
 * The thread that opens files: one message in, a file, and one out, what it is.
 */
import { readLabFile } from './labFile.ts';

self.onmessage = async ({ data }: MessageEvent<Blob>) => self.postMessage(await readLabFile(data));
