/**
 * The trainer's thread: binds the host to this worker, its engine and its Python workers. No logic of its own.
 */
import { createBrowserSandbox, isDoorMessage, type DoorMessage } from '../sandbox/browserSandbox.ts';
import { fetchBase } from './baseWeights.ts';
import { createEngine, describeEngine, planMemory, shareMachine } from './engineChoice.ts';
import type { FromTrainer, ToTrainer } from './protocol.ts';
import { Trainer } from './trainer.ts';

let receiveDoor: (door: MessagePort) => void;
/** The way to Python, which the page hands to this worker before anything else. */
const door = new Promise<MessagePort>((resolve) => (receiveDoor = resolve));

const trainer = new Trainer({
  post: (message, transfer) =>
    self.postMessage(message, transfer?.buffer instanceof ArrayBuffer ? [transfer.buffer] : []),
  describeEngine,
  createEngine,
  planMemory,
  shareMachine,
  loadBase: fetchBase,
  createSandbox: async (settings, _baseUrl, onProgress) =>
    createBrowserSandbox({
      door: await door,
      settings: settings.sandbox,
      onProgress: (progress) => {
        switch (progress.stage) {
          case 'download': {
            const { loadedBytes, totalBytes } = progress;
            onProgress('Loading Python', totalBytes === null ? undefined : loadedBytes / totalBytes);
            return;
          }
          case 'start':
            onProgress('Starting Python');
            return;
          case 'ready':
            onProgress('Python is ready', 1);
            return;
        }
      },
    }),
  now: () => performance.now(),
});

// Absent where the page is not served securely, whatever the types say.
const locks = navigator.locks as LockManager | undefined;
const lock = `aster-lab-trainer-${[...crypto.getRandomValues(new Uint32Array(3))].join('-')}`;
void locks?.request(lock, () => {
  self.postMessage({ type: 'alive', lock } satisfies FromTrainer);
  return new Promise<void>(() => undefined);
});

self.onmessage = ({ data, ports: [port] }: MessageEvent<ToTrainer | DoorMessage>) => {
  if (!isDoorMessage(data)) trainer.handle(data);
  else if (port !== undefined) receiveDoor(port);
};
