/**
 * Node's Python process: the same interpreter, driver and message loop as in the browser; only loading and hardening differ.
 *
 * Requests and answers are lines of JSON on one socket. It is read and written at once, without the event loop: what was said is out before
 * the next cell begins, and that costs two system calls. The end of the socket, which is the parent's end, ends this process.
 */
import { constants, readFileSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import type { loadPyodide as LoadPyodide } from 'pyodide';
import { Lines } from './lines.ts';
import { serve } from './serve.ts';
import type { PythonSources } from './sources.ts';
import type { ToWorker } from './protocol.ts';

/** The first line. */
export interface NodeFiles {
  /** Folder of Pyodide's files, with a slash at its end. */
  readonly location: string;
  readonly sources: PythonSources;
  /** A file with the memory to begin with. */
  readonly snapshot: string | null;
  /** A file to write the memory to, before the first cell. */
  readonly keepSnapshotAs: string | null;
}

/** Where nodeSandbox.ts puts the socket. */
const socket = 3;

function* received(): Generator<string> {
  const lines = new Lines();
  const buffer = Buffer.alloc(65536);
  for (;;) {
    const length = readSync(socket, buffer);
    if (length === 0) return;
    yield* lines.take(buffer.subarray(0, length));
  }
}

const lines = received();
const first = lines.next();
if (first.done === true) process.exit(0);
const { location, sources, snapshot, keepSnapshotAs } = JSON.parse(first.value) as NodeFiles;
// The permission model closes Node's insides; Emscripten asks them for what `fs` says openly.
Reflect.defineProperty(process, 'binding', { value: () => ({ fs: constants }) });
const { loadPyodide } = (await import(pathToFileURL(`${location}pyodide.mjs`).href)) as {
  loadPyodide: typeof LoadPyodide;
};
const exit = process.exit.bind(process);

const receive = serve({
  files: {
    sources,
    loadPyodide,
    config: { indexURL: location },
    snapshot: snapshot === null ? null : readFileSync(snapshot),
  },
  post(messages) {
    const bytes = Buffer.from(messages.map((message) => `${JSON.stringify(message)}\n`).join(''));
    for (let sent = 0; sent < bytes.length;) sent += writeSync(socket, bytes, sent);
  },
  keepSnapshot:
    keepSnapshotAs === null
      ? null
      : (memory) => {
          if (memory !== null) writeFileSync(keepSnapshotAs, memory);
        },
  harden() {
    if (!sources.hardens) return;
    for (const name of ['fetch', 'WebSocket', 'EventSource', 'BroadcastChannel', 'process', 'require']) {
      Reflect.deleteProperty(globalThis, name);
    }
  },
});

for (const line of lines) await receive(JSON.parse(line) as ToWorker);
exit(0);
