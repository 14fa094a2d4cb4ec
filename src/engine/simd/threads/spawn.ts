/** Threads in Node and in browsers, behind one interface. */
import type { Address } from '../kernelExports.ts';

/** What a thread is told. */
export interface ThreadStart {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly team: Address;
  readonly index: number;
}

/** In a browser also the name of the lock that it holds while it lives. */
export interface BrowserThreadStart extends ThreadStart {
  readonly lock: string;
}

export interface Thread {
  /** Resolves when the thread cannot be started, or ends by an error. */
  readonly failed: Promise<void>;
  /** Resolves when it dies, however that came about. To be asked of a thread that has begun to serve. */
  died(): Promise<void>;
  terminate(): void;
}

const inNode = typeof process !== 'undefined' && process.versions?.node !== undefined;

/** Processors that this machine offers. */
export function processors(): number {
  return inNode ? process.getBuiltinModule('node:os').availableParallelism() : navigator.hardwareConcurrency;
}

/** Whether memory can be shared with threads here: in Node, and in a page that is cross-origin isolated. */
export function canShareMemory(): boolean {
  return inNode || globalThis.crossOriginIsolated;
}

/** Whether this thread may sleep: a page's main thread must not. */
export function mayWait(): boolean {
  return inNode || 'WorkerGlobalScope' in globalThis;
}

export function spawn(start: ThreadStart): Thread {
  return inNode ? spawnInNode(start) : spawnInBrowser(start);
}

function spawnInBrowser(start: ThreadStart): Thread {
  const worker = new Worker(new URL('./simdThread.worker.ts', import.meta.url), { type: 'module' });
  const lock = `aster-lab-thread-${crypto.randomUUID()}`;
  const message: BrowserThreadStart = { ...start, lock };
  const failed = new Promise<void>((resolve) => (worker.onerror = () => resolve()));
  worker.postMessage(message);
  return {
    failed,
    // No event tells of a worker that was killed; the lock that it held does.
    died: () => Promise.race([failed, navigator.locks.request(lock, () => undefined)]),
    terminate: () => worker.terminate(),
  };
}

/** Text, so that it needs no file beside the bundle; what it does is simdThread.worker.ts. */
const nodeThread = `
  const { module, memory, team, index } = require('node:worker_threads').workerData;
  const abort = () => { throw new Error('The kernels stopped.'); };
  const { serve, fail } = new WebAssembly.Instance(module, { env: { memory, abort } }).exports;
  try {
    serve(team, index);
  } catch {
    fail(team);
  }
`;

function spawnInNode(start: ThreadStart): Thread {
  const { Worker: NodeWorker } = process.getBuiltinModule('node:worker_threads');
  const worker = new NodeWorker(nodeThread, { eval: true, workerData: start, name: 'simd' });
  // A run that has ended does not wait for threads that wait for work.
  worker.unref();
  const failed = new Promise<void>((resolve) => {
    worker.once('error', () => resolve());
    worker.once('exit', () => resolve());
  });
  return { failed, died: () => failed, terminate: () => void worker.terminate() };
}
