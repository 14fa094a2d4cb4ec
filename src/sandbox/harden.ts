/**
 * Takes from a web worker's globals everything that leads outside it, once Python runs.
 *
 * Defence behind guard.py: code that got past the Python side finds a JavaScript without network, storage, other
 * threads or a way to turn text into code. What remains is `import()`, which is syntax (see interpreter.ts).
 */

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

/** Irreversible; for dedicated workers only. */
export function harden(): void {
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
