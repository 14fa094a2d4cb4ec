/**
 * The browser's Python worker: a module worker that loads Pyodide from the page's own origin.
 *
 * Invariant: the globals that reach the network, storage or other threads are gone before the first cell runs.
 */
import driver from './driver.py?raw';
import guard from './guard.py?raw';
import { countDownloads } from './downloads.ts';
import { serve } from './serve.ts';
import type { ToWorker } from './protocol.ts';
import type { loadPyodide as LoadPyodide } from 'pyodide';

const post = self.postMessage.bind(self);

/** Everything in a dedicated worker's scope that leads outside it. */
const outsideWorld = [
  'fetch',
  'fetchLater',
  'XMLHttpRequest',
  'WebSocket',
  'WebSocketStream',
  'WebTransport',
  'EventSource',
  'RTCPeerConnection',
  'RTCDataChannel',
  'indexedDB',
  'caches',
  'CacheStorage',
  'cookieStore',
  'importScripts',
  'Worker',
  'SharedWorker',
  'ServiceWorkerContainer',
  'BroadcastChannel',
  'Notification',
  'FileReader',
  'FileReaderSync',
  'FontFace',
  'navigator',
  'location',
  'postMessage',
  'close',
];

function harden(): void {
  for (const name of [...outsideWorld, 'eval']) {
    let scope: object | null = globalThis;
    for (; scope !== null; scope = Object.getPrototypeOf(scope) as object | null) remove(scope, name);
  }
  // Python could turn text into code through any function's constructor. Pyodide only needs its name and prototype.
  const inert = { Function: () => undefined }.Function;
  Object.defineProperty(inert, 'prototype', { value: Function.prototype });
  Object.defineProperty(globalThis, 'Function', { value: inert });
  for (const sample of [() => 0, async () => {}, function* () {}, async function* () {}]) {
    Object.defineProperty(Object.getPrototypeOf(sample), 'constructor', { value: inert });
  }
}

function remove(owner: object, name: string): void {
  if (!Object.hasOwn(owner, name)) return;
  if (!Reflect.deleteProperty(owner, name)) Reflect.defineProperty(owner, name, { value: undefined });
}

const receive = serve({
  sources: { driver, guard },
  post,
  async load({ location }) {
    countDownloads((loadedBytes, totalBytes) =>
      post({ type: 'progress', progress: { stage: 'download', loadedBytes, totalBytes } }),
    );
    const url = new URL('pyodide.mjs', location).href;
    const module = (await import(/* @vite-ignore */ url)) as { loadPyodide: typeof LoadPyodide };
    return module.loadPyodide;
  },
  harden,
});

self.addEventListener('message', (event: MessageEvent<ToWorker>) => receive(event.data));
