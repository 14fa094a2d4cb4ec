/**
 * A page's line to one of its workers, whatever the two say to each other. A worker that throws, cannot be loaded, or sends what cannot
 * be read is reported in a sentence.
 */
import type { DoorMessage } from '../sandbox/browserSandbox.ts';
import { openPythonDoor } from '../sandbox/pythonFrame.ts';

export interface WorkerPort<To, From> {
  post(message: To): void;
  onMessage(listener: (message: From) => void): void;
  /** The worker threw, could not be loaded, or sent what cannot be read. */
  onError(listener: (message: string) => void): void;
  terminate(): void;
}

export function workerPort<To, From>(worker: Worker): WorkerPort<To, From> {
  return {
    post: (message) => worker.postMessage(message),
    onMessage: (listener) =>
      worker.addEventListener('message', (event: MessageEvent<From>) => listener(event.data)),
    onError: (listener) => {
      worker.addEventListener('error', (event) => {
        event.preventDefault();
        // A script that cannot be loaded gives an event without a message.
        listener(event.message || 'its script could not be loaded; reload the page.');
      });
      worker.addEventListener('messageerror', () => listener('it sent a message that cannot be read.'));
    },
    terminate: () => worker.terminate(),
  };
}

/** The same for a worker that runs Python, which only a page can give it; both end together. @param baseUrl the page's folder */
export function pythonWorkerPort<To, From>(worker: Worker, baseUrl: string): WorkerPort<To, From> {
  const door = openPythonDoor(baseUrl);
  worker.postMessage({ type: 'python-door' } satisfies DoorMessage, [door.port]);
  const port = workerPort<To, From>(worker);
  return {
    ...port,
    terminate: () => {
      port.terminate();
      door.close();
    },
  };
}
