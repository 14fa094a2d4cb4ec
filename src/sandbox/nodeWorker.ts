/**
 * The sandbox in Node: worker threads, Pyodide from node_modules. For unit tests and the headless command line.
 *
 * Not for untrusted code: a Node worker thread has the process's rights (see interpreter.ts).
 */
import { createRequire } from 'node:module';
import { dirname } from 'node:path';
import { pathToFileURL } from 'node:url';
import { Worker } from 'node:worker_threads';
import { PythonPool } from './pool.ts';
import type { PoolOptions } from './pool.ts';
import type { FromWorker, ToWorker, WorkerLike } from './protocol.ts';

const require = createRequire(import.meta.url);

/** Starts Python in a worker thread. Rejects with SandboxUnavailableError where that fails. */
export function createNodeSandbox(
  options: Omit<PoolOptions, 'spawn' | 'location'> & { location?: string },
): Promise<PythonPool> {
  return PythonPool.create({
    location: `${dirname(require.resolve('pyodide/package.json'))}/`,
    ...options,
    spawn: spawnThread,
  });
}

/**
 * The worker's code. Bundled (see vite.config.ts), it is a file beside this one. From sources it needs tsx: Node 20 does not
 * read TypeScript by itself, and tsx registers itself in the main thread only.
 */
function startThread(): Worker {
  if (!import.meta.url.endsWith('.ts')) return new Worker(new URL('./nodePython.js', import.meta.url));
  const tsx = new URL('dist/esm/api/index.mjs', pathToFileURL(require.resolve('tsx/package.json'))).href;
  const worker = new URL('./nodePython.worker.ts', import.meta.url).href;
  return new Worker(
    `import(${JSON.stringify(tsx)}).then((tsx) => { tsx.register(); return import(${JSON.stringify(worker)}); });`,
    { eval: true },
  );
}

function spawnThread(): WorkerLike {
  const worker = startThread();
  const like: WorkerLike = {
    post: (message: ToWorker) => worker.postMessage(message),
    onMessage: () => undefined,
    onFailure: () => undefined,
    terminate: () => void worker.terminate(),
  };
  worker.on('message', (message: FromWorker) => like.onMessage(message));
  worker.on('error', (error: Error) => like.onFailure(error.message));
  return like;
}
