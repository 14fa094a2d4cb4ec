/**
 * The sandbox in Node: each Python is a process of its own, walled by Node's permission model and, where it can be, by the operating
 * system. For the headless command line and the tests.
 *
 * The process has an empty environment, reads Pyodide's files and its own script, writes nothing, starts nothing, and turns no text into
 * code. On Linux `unshare` takes the network from it, and `setpriv` ends it with this process even while it computes. What that promises,
 * and what it does not: README.md beside this file.
 */
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  realpathSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { Socket } from 'node:net';
import script from './nodePython.ts?script=node';
import type { NodeFiles } from './nodePython.ts';
import { Lines } from './lines.ts';
import { PythonPool } from './pool.ts';
import type { PoolOptions } from './pool.ts';
import type { ToWorker, WorkerLike } from './protocol.ts';
import { pythonSources, type PythonSources } from './sources.ts';

const require = createRequire(import.meta.url);

export type NodeSandboxOptions = Omit<PoolOptions, 'spawn' | 'onDispose'> & {
  /** Folder of Pyodide's files, with a slash at its end. */
  readonly location?: string;
  /** For tests of the walls only. */
  readonly sources?: PythonSources;
};

/** Starts Python in a process. Rejects with SandboxUnavailableError where that fails. */
export function createNodeSandbox({
  location = `${dirname(require.resolve('pyodide/package.json'))}/`,
  sources = pythonSources,
  ...options
}: NodeSandboxOptions): Promise<PythonPool> {
  const home = new PythonHome(location, sources);
  return PythonPool.create({ ...options, spawn: () => home.spawn(), onDispose: () => home.remove() });
}

/** Commands that run another one with less: in a network of its own, and ended with this process. */
const wrappers: readonly (readonly string[])[] =
  process.platform === 'linux'
    ? [process.getuid?.() === 0 ? ['unshare', '-n'] : ['unshare', '-rn'], ['setpriv', '--pdeathsig', 'KILL']]
    : [];

let wrapped: readonly string[] | null = null;

/** Those of them that this machine allows. */
function walls(): readonly string[] {
  wrapped ??= wrappers
    .filter(([command, ...args]) => spawnSync(command!, [...args, 'true'], { stdio: 'ignore' }).status === 0)
    .flatMap((wrapper) => [...wrapper, '--']);
  return wrapped;
}

/** Whether Python's processes have no network on this machine. */
export const networkIsClosed = (): boolean => walls().includes('unshare');

/** Where homes begin; those that killed commands left behind are gone then. */
function homes(): string {
  const folder = realpathSync(tmpdir());
  for (const name of readdirSync(folder)) {
    const pid = new RegExp(`^${homeName}(\\d+)-`).exec(name)?.[1];
    if (pid === undefined || isAlive(Number(pid))) continue;
    try {
      rmSync(join(folder, name), { recursive: true, force: true });
    } catch {
      // Another person's.
    }
  }
  return join(folder, homeName);
}

const homeName = 'aster-lab-python-';

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'; // it is another person's
  }
}

/** A folder for the script of a sandbox's processes, and the memory that they begin with. */
class PythonHome {
  readonly #folder = mkdtempSync(`${homes()}${process.pid}-`);
  readonly #script = join(this.#folder, 'python.mjs');
  readonly #written = join(this.#folder, 'memory');
  readonly #location: string;
  readonly #sources: PythonSources;
  readonly #store: SnapshotStore;
  #snapshot: string | null;
  /** Whether some process was told to keep its memory. */
  #isAsked = false;
  readonly #onExit = () => this.remove();

  constructor(location: string, sources: PythonSources) {
    this.#location = location;
    this.#sources = sources;
    this.#store = new SnapshotStore(location, sources);
    this.#snapshot = this.#placed(this.#store.find());
    writeFileSync(this.#script, script);
    process.once('exit', this.#onExit);
  }

  remove(): void {
    process.off('exit', this.#onExit);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** What was kept, where this sandbox's processes may read it. */
  #placed(kept: string | null): string | null {
    if (kept === null) return null;
    const path = join(this.#folder, 'snapshot');
    copyFileSync(kept, path);
    return path;
  }

  spawn(): WorkerLike {
    // The process that wrote it may not write where it is kept.
    if (this.#snapshot === null && existsSync(this.#written))
      this.#snapshot = this.#placed(this.#store.keep(this.#written));
    const snapshot = this.#snapshot;
    const keeps = snapshot === null && !this.#isAsked;
    this.#isAsked = true;
    const files: NodeFiles = {
      location: this.#location,
      sources: this.#sources,
      snapshot,
      keepSnapshotAs: keeps ? this.#written : null,
    };
    // Two folders, and nothing beside them: of more paths Node 20 makes a tree whose root it lets be listed.
    const readable = [this.#location, `${this.#folder}/`];
    const [command = process.execPath, ...args] = [
      ...walls(),
      process.execPath,
      process.allowedNodeEnvironmentFlags.has('--permission') ? '--permission' : '--experimental-permission',
      ...readable.map((path) => `--allow-fs-read=${path}`),
      ...(keeps ? [`--allow-fs-write=${this.#written}`] : []),
      '--disallow-code-generation-from-strings',
      '--no-warnings',
      this.#script,
    ];
    return spawnProcess(command, args, this.#folder, files);
  }
}

/**
 * Python's memory as it is before the first cell, kept beside Pyodide from one command to the next: a start takes a sixth of the time. Its
 * name tells what it was made from and what it holds, so that one that is damaged, or of other sources, is made again.
 */
class SnapshotStore {
  readonly #folder: string;
  readonly #key: string;

  constructor(location: string, { driver, guard }: PythonSources) {
    this.#folder = join(location, '..', '.cache', 'aster-lab-python');
    const pyodide = readFileSync(join(location, 'package.json'));
    this.#key = sha256(Buffer.concat([pyodide, Buffer.from(`${process.version}${driver}${guard}${script}`)]));
  }

  /** @returns its path, or null where there is none */
  find(): string | null {
    try {
      const name = readdirSync(this.#folder).find((file) => file.startsWith(this.#key));
      if (name === undefined) return null;
      const path = join(this.#folder, name);
      if (name === this.#nameOf(readFileSync(path))) return path;
      rmSync(path, { force: true });
    } catch {
      // No folder yet, or none that can be read.
    }
    return null;
  }

  /** @returns the path of a copy that the writer cannot reach, or null where there can be none */
  keep(written: string): string | null {
    try {
      const memory = readFileSync(written);
      const path = join(this.#folder, this.#nameOf(memory));
      mkdirSync(this.#folder, { recursive: true });
      const partial = `${path}.${process.pid}`;
      writeFileSync(partial, memory);
      renameSync(partial, path);
      this.#tidy();
      return path;
    } catch {
      return null; // a folder that nobody may write: each process starts from the beginning
    }
  }

  /** Leaves the newest: one is 30 megabytes, and every change of the sources makes another. */
  #tidy(): void {
    const files = readdirSync(this.#folder).map((name) => join(this.#folder, name));
    const age = new Map(files.map((path) => [path, statSync(path).mtimeMs]));
    files.sort((a, b) => age.get(b)! - age.get(a)!);
    for (const path of files.slice(snapshotsKept)) rmSync(path, { force: true });
  }

  #nameOf(memory: Buffer): string {
    return `${this.#key}-${sha256(memory)}`;
  }
}

const snapshotsKept = 4;

const sha256 = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex').slice(0, 32);

function spawnProcess(
  command: string,
  args: readonly string[],
  folder: string,
  files: NodeFiles,
): WorkerLike {
  const child = spawn(command, args, {
    cwd: folder,
    env: {},
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
    windowsHide: true,
  });
  const socket = child.stdio[3] as Socket;
  let ended = false;
  const like: WorkerLike = {
    post: (message: ToWorker) => void socket.write(`${JSON.stringify(message)}\n`),
    onMessage: () => undefined,
    onFailure: () => undefined,
    terminate() {
      ended = true;
      child.kill('SIGKILL');
      socket.destroy();
    },
  };
  const fail = (reason: string) => {
    if (ended) return;
    ended = true;
    like.onFailure(reason);
  };
  child.on('error', (error) => fail(error.message));
  child.on('exit', (code, signal) => fail(`its process ended (${signal ?? `status ${code ?? 0}`})`));
  socket.on('error', () => undefined); // its end is told by 'exit'
  const lines = new Lines();
  socket.on('data', (chunk: Buffer) => {
    for (const line of lines.take(chunk)) {
      if (ended) return;
      like.onMessage(parsed(line));
    }
    if (lines.unfinished > longestLine) like.onMessage(null);
  });
  socket.write(`${JSON.stringify(files)}\n`);
  return like;
}

/** Longer lines than any answer, characters. */
const longestLine = 4_000_000;

function parsed(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}
