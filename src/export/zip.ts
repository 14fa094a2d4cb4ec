/**
 * Folders as zip files and back.
 */
import { unzipSync, zipSync } from 'fflate';
import { modelBytes, packedShare } from '../foreign/limits.ts';
import { CheckpointError } from '../policy/safetensors.ts';
import type { FolderFiles } from './modelFolder.ts';

/** Long ago and always the same, so that the same folder is the same zip. */
const date = '1980-01-01T12:00:00';

/** @param folder the name of the folder that the zip unpacks to */
export function zipped(folder: string, files: FolderFiles): Uint8Array<ArrayBuffer> {
  const entries = Object.fromEntries([...files].map(([name, bytes]) => [`${folder}/${name}`, bytes]));
  return new Uint8Array(zipSync(entries, { level: 6, mtime: date }));
}

/**
 * The files that `wanted` takes, by name without folders.
 * @throws CheckpointError where it is no zip, or one that is far too large
 */
export function unzipped(bytes: Uint8Array, wanted: (name: string) => boolean): FolderFiles {
  let size = 0;
  let entries: Record<string, Uint8Array>;
  try {
    entries = unzipSync(bytes, {
      filter: ({ name, size: packed, originalSize }) => {
        if (!wanted(basename(name))) return false;
        size += originalSize;
        // Room is made for what a file says it holds, before anything is unpacked.
        if (size > modelBytes || originalSize > packedShare * (packed + 1))
          throw new CheckpointError('The zip holds more than a policy of this lab has.');
        return true;
      },
    });
  } catch (error) {
    if (error instanceof CheckpointError) throw error;
    throw new CheckpointError('The zip is damaged, or is none.');
  }
  return new Map(Object.entries(entries).map(([name, contents]) => [basename(name), contents]));
}

export const basename = (path: string): string => path.slice(path.lastIndexOf('/') + 1);
