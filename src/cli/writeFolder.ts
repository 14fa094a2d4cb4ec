/**
 * A folder for other tools, written whole or not at all.
 *
 * Invariants (writeFolder.test.ts). (1) Nothing is written over that is not of the same kind: a folder that holds anything else, a run or a
 * project, is refused. (2) All files are written beside their places and renamed only then, so a disk that is full leaves what was there.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { FolderFiles } from '../export/modelFolder.ts';
import { DiskError, diskError, realDisk, replaceFile, type Disk } from './disk.ts';
import { UsageError } from './options.ts';

/**
 * Ask before the work is done that makes the files.
 * @param names of what will be in the folder; null where that is not known yet
 * @throws UsageError
 */
export function checkFolder(folder: string, names: Iterable<string> | null): void {
  if (!existsSync(folder)) return;
  if (!statSync(folder).isDirectory())
    throw new UsageError(`${folder} is a file; --out takes the name of a folder.`);
  if (names === null) return;
  const own = new Set([...names].map((name) => name.split('/')[0]));
  const other = readdirSync(folder).find((name) => !own.has(name) && !name.startsWith('.'));
  if (other !== undefined)
    throw new UsageError(
      `${folder} holds other files (${other}), among which these would be lost; choose a new folder for --out.`,
    );
}

/** @throws UsageError where the folder holds something else; DiskError */
export function writeFolder(folder: string, files: FolderFiles, disk: Disk = realDisk): void {
  checkFolder(folder, files.keys());
  const written: string[] = [];
  try {
    for (const [name, bytes] of files) {
      const path = join(folder, name);
      mkdirSync(dirname(path), { recursive: true });
      written.push(`${path}.whole`);
      replaceFile(disk, `${path}.whole`, bytes);
    }
    for (const path of written) renameSync(path, path.slice(0, -'.whole'.length));
  } catch (error) {
    for (const path of written) rmSync(path, { force: true });
    throw error instanceof DiskError && error.cause !== undefined
      ? diskError(folder, error.cause, again)
      : diskError(folder, error, again);
  }
}

const again = 'the same command makes the folder then.';
