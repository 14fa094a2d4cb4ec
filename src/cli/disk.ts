/**
 * Writing files so that a process that is killed, or a machine that loses its power, leaves each of them as it was or as it should be.
 *
 * Invariant (faults.test.ts): a file is replaced as a whole or not at all: written beside its place, handed to the disk, then renamed.
 * A disk without room is a `DiskError` with a sentence, and leaves what was there.
 */
import { closeSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';

/** The file cannot be written; `message` says what to do. */
export class DiskError extends Error {
  override readonly name = 'DiskError';
}

/** What puts bytes into open files; tests hand in one that fails. */
export interface Disk {
  write(file: number, bytes: Uint8Array): void;
}

export const realDisk: Disk = {
  write(file, bytes) {
    for (let at = 0; at < bytes.length;) at += writeSync(file, bytes, at);
  },
};

/** @throws DiskError */
export function replaceFile(disk: Disk, path: string, bytes: Uint8Array): void {
  const fresh = `${path}.new`;
  try {
    withFile(fresh, 'w', (file) => {
      disk.write(file, bytes);
      fsyncSync(file);
    });
    renameSync(fresh, path);
  } catch (error) {
    rmSync(fresh, { force: true });
    throw diskError(path, error);
  }
  syncFolder(dirname(path));
}

/** @param durably it is on the disk, and not only on its way, when this returns. @throws DiskError */
export function appendToFile(disk: Disk, path: string, bytes: Uint8Array, durably: boolean): void {
  try {
    withFile(path, 'a', (file) => {
      disk.write(file, bytes);
      if (durably) fsyncSync(file);
    });
  } catch (error) {
    throw diskError(path, error);
  }
}

function withFile(path: string, flags: string, use: (file: number) => void): void {
  const file = openSync(path, flags);
  try {
    use(file);
  } finally {
    closeSync(file);
  }
}

/** A renamed file is there after a power cut only if its folder was written too. */
function syncFolder(path: string): void {
  try {
    withFile(path, 'r', fsyncSync);
  } catch {
    // Not every system lets a folder be opened.
  }
}

/** A folder, with those above it. @throws DiskError */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw diskError(path, error);
  }
}

/**
 * What the system says, in words; anything that is not of the system stays as it is.
 * @param advice what happens once it is mended
 */
export function diskError(
  path: string,
  error: unknown,
  advice = 'the same command goes on from the last checkpoint.',
): unknown {
  const code = error instanceof Error && 'code' in error ? String(error.code) : null;
  if (code === null) return error;
  return new DiskError(
    code === 'ENOSPC' || code === 'EDQUOT'
      ? `${path} was not written: the disk is full. Make room; ${advice}`
      : `${path} cannot be written (${code}). Mend that; ${advice}`,
    { cause: error },
  );
}
