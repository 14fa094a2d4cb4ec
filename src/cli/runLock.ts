/**
 * One process works on a run's folder: a file `lock` in it says which.
 *
 * Invariant (runLock.test.ts): of two processes at most one has it, whichever way they come; a lock whose process has ended, however it did,
 * is taken over, and said. A process number that has been given to another program since is told by when that one started.
 */
import { linkSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { parseJson } from '../foreign/json.ts';
import { diskError } from './disk.ts';
import { UsageError } from './options.ts';

const ownerSchema = z.object({
  pid: z.int().positive(),
  host: z.string(),
  /** When the process started, as the system counts; null where it does not say. */
  started: z.string().nullable(),
});
type Owner = z.output<typeof ownerSchema>;

export interface RunLock {
  release(): void;
  /** The sentence to say where another's lock was taken over. */
  readonly said: string | null;
}

/** @throws UsageError where another process works on the folder; DiskError */
export function lockRun(folder: string): RunLock {
  const path = join(folder, 'lock');
  const own: Owner = { pid: process.pid, host: hostname(), started: startOf(process.pid) };
  let said: string | null = null;
  // Each turn either takes the lock or finds an owner that has ended; more turns than processes are not needed.
  for (let turn = 0; turn < 8; turn++) {
    if (created(path, own)) {
      const release = () => {
        if (readOwner(path)?.pid === process.pid) rmSync(path, { force: true });
      };
      process.once('exit', release);
      return {
        said,
        release: () => {
          process.off('exit', release);
          release();
        },
      };
    }
    const owner = readOwner(path);
    if (owner !== null && isAlive(owner)) throw new UsageError(inUse(folder, path, owner));
    setAside(path, owner);
    said =
      owner === null
        ? `${path} was damaged; it was taken over.`
        : `Process ${owner.pid}, which worked on ${folder}, has ended without leaving; its lock was taken over.`;
  }
  throw new UsageError(`${path} cannot be taken; delete it if no other process works on ${folder}.`);
}

/** Written aside and linked into place: a lock is never there in half. @returns false where there is one */
function created(path: string, own: Owner): boolean {
  const draft = `${path}.${process.pid}`;
  try {
    writeFileSync(draft, JSON.stringify(own));
    linkSync(draft, path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw diskError(path, error);
  } finally {
    rmSync(draft, { force: true });
  }
}

/** Take a lock away whose owner has ended; if another process was faster, what was taken is its lock, and goes back. */
function setAside(path: string, expected: Owner | null): void {
  const aside = `${path}.${process.pid}.old`;
  try {
    renameSync(path, aside);
  } catch {
    return; // gone already
  }
  const taken = readOwner(aside);
  if (taken !== null && JSON.stringify(taken) !== JSON.stringify(expected)) {
    try {
      linkSync(aside, path);
    } catch {
      // A third one has it.
    }
  }
  rmSync(aside, { force: true });
}

function readOwner(path: string): Owner | null {
  try {
    const parsed = parseJson(readFileSync(path, 'utf8'));
    return parsed.ok ? (ownerSchema.safeParse(parsed.json).data ?? null) : null;
  } catch {
    return null;
  }
}

function isAlive({ pid, host, started }: Owner): boolean {
  // Of another machine nothing can be told from here.
  if (host !== hostname()) return true;
  if (pid === process.pid && started === startOf(pid)) return true;
  try {
    process.kill(pid, 0);
  } catch (error) {
    // EPERM: it is there, and somebody else’s.
    if (!(error instanceof Error && 'code' in error && error.code === 'EPERM')) return false;
  }
  const now = startOf(pid);
  return started === null || now === null || now === started;
}

/** When a process started, in the system's own count since it was switched on. */
function startOf(pid: number): string | null {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'utf8');
    // The name, in brackets, may hold anything; the start is the 20th word after it.
    const words = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    // A process that has ended and was not asked about yet is none any more.
    return words[0] === 'Z' ? 'ended' : (words[19] ?? null);
  } catch {
    return null;
  }
}

function inUse(folder: string, path: string, { pid, host }: Owner): string {
  return host === hostname()
    ? `Process ${pid} works on ${folder}; wait for it, stop it, or choose another --out.`
    : `Process ${pid} of the machine ${host} works on ${folder}; if it has ended, delete ${path}.`;
}
