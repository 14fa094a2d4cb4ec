/**
 * Node's Python worker thread.
 *
 * The same interpreter, driver and message loop as in the browser; only loading and hardening differ.
 */
import { readFileSync } from 'node:fs';
import { parentPort } from 'node:worker_threads';
import { loadPyodide } from 'pyodide';
import { serve } from './serve.ts';
import type { ToWorker } from './protocol.ts';

if (parentPort === null) throw new Error('nodePython.worker.ts runs in a worker thread only.');
const port = parentPort;

const read = (name: string) => readFileSync(new URL(name, import.meta.url), 'utf8');

const receive = serve({
  sources: { driver: read('./driver.py'), guard: read('./guard.py') },
  post: (message) => port.postMessage(message),
  load: () => Promise.resolve(loadPyodide),
  harden() {
    for (const name of ['fetch', 'WebSocket', 'EventSource', 'BroadcastChannel', 'process', 'require']) {
      Reflect.deleteProperty(globalThis, name);
    }
  },
});

port.on('message', (message: ToWorker) => receive(message));
