/**
 * The sandbox in a browser: web workers, Pyodide's files from the page's own origin.
 *
 * Works in a page and in a worker (the trainer starts it from its own worker, so these are nested workers).
 */
import { PythonPool } from './pool.ts';
import type { PoolOptions } from './pool.ts';
import type { BootProgress, FromWorker, ToWorker, WorkerLike } from './protocol.ts';
import type { SandboxSettings } from './sandbox.ts';

export interface BrowserSandboxOptions extends Pick<PoolOptions, 'graceMs' | 'recycleHeapBytes'> {
  /** Where the page is served from; Pyodide's files lie in `pyodide/` below it. Relative to this script's location. */
  readonly baseUrl: string;
  readonly settings: SandboxSettings;
  readonly onProgress?: (progress: BootProgress) => void;
}

/** Starts Python in a web worker. Rejects with SandboxUnavailableError where that fails. */
export function createBrowserSandbox({ baseUrl, ...options }: BrowserSandboxOptions): Promise<PythonPool> {
  const base = new URL(baseUrl, globalThis.location.href);
  return PythonPool.create({ ...options, location: new URL('pyodide/', base).href, spawn: spawnWebWorker });
}

function spawnWebWorker(): WorkerLike {
  const worker = new Worker(new URL('./python.worker.ts', import.meta.url), {
    type: 'module',
    name: 'python',
  });
  const like: WorkerLike = {
    post: (message: ToWorker) => worker.postMessage(message),
    onMessage: () => undefined,
    onFailure: () => undefined,
    terminate: () => worker.terminate(),
  };
  worker.onmessage = (event: MessageEvent<FromWorker>) => like.onMessage(event.data);
  worker.onerror = (event) => {
    event.preventDefault();
    like.onFailure(event.message || 'the Python worker script could not be loaded');
  };
  return like;
}
