/**
 * The sandbox in Node: each Python is a process of its own, walled by Node's permission model and, where it can be, by the operating
 * system. For the headless command line and the tests.
 *
 * The process has an empty environment, reads Pyodide's files and its own script, writes nothing, starts nothing, and turns no text into
 * code. On Linux `unshare` takes the network from it, and `setpriv` ends it with this process even while it computes. What that promises,
 * and what it does not: README.md beside this file.
 */
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, realpathSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { StringDecoder } from 'node:string_decoder';
import type { Socket } from 'node:net';
import script from './nodePython.ts?script=node';
import type { NodeFiles } from './nodePython.ts';
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

/** A folder for the script of a sandbox's processes, and for the memory that they begin with. */
class PythonHome {
  readonly #folder = mkdtempSync(join(realpathSync(tmpdir()), 'aster-lab-python-'));
  readonly #location: string;
  readonly #sources: PythonSources;
  /** Whether some process was told to keep its memory. */
  #isKept = false;
  readonly #onExit = () => this.remove();

  constructor(location: string, sources: PythonSources) {
    this.#location = location;
    this.#sources = sources;
    writeFileSync(this.#script, script);
    process.once('exit', this.#onExit);
  }

  get #script(): string {
    return join(this.#folder, 'python.mjs');
  }

  get #snapshot(): string {
    return join(this.#folder, 'memory');
  }

  remove(): void {
    process.off('exit', this.#onExit);
    rmSync(this.#folder, { recursive: true, force: true });
  }

  spawn(): WorkerLike {
    const written = join(this.#folder, 'written');
    const keeps = !this.#isKept;
    this.#isKept = true;
    // Renamed once it is whole: what a process may write is read by no other.
    if (!keeps && existsSync(written)) renameSync(written, this.#snapshot);
    const begins = existsSync(this.#snapshot);
    const files: NodeFiles = {
      location: this.#location,
      sources: this.#sources,
      snapshot: begins ? this.#snapshot : null,
      keepSnapshotAs: keeps ? written : null,
    };
    const readable = [this.#location, this.#script, ...packagesOf(this.#location)];
    const [command = process.execPath, ...args] = [
      ...walls(),
      process.execPath,
      process.allowedNodeEnvironmentFlags.has('--permission') ? '--permission' : '--experimental-permission',
      ...[...readable, ...(begins ? [this.#snapshot] : [])].map((path) => `--allow-fs-read=${path}`),
      ...(keeps ? [`--allow-fs-write=${written}`] : []),
      '--disallow-code-generation-from-strings',
      '--no-warnings',
      this.#script,
    ];
    return spawnProcess(command, args, this.#folder, files);
  }
}

/** What Pyodide imports from beside it. */
function packagesOf(location: string): readonly string[] {
  try {
    return [`${dirname(createRequire(location).resolve('ws/package.json'))}/`];
  } catch {
    return [];
  }
}

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
  const decoder = new StringDecoder('utf8');
  let rest = '';
  socket.on('data', (chunk: Buffer) => {
    const [first = '', ...others] = (rest + decoder.write(chunk)).split('\n');
    rest = first;
    for (const line of others) {
      const message = parsed(rest);
      rest = line;
      if (ended) return;
      like.onMessage(message);
    }
    if (rest.length > longestLine) like.onMessage(null);
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
