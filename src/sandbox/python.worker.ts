/**
 * The browser's Python worker: a module worker that loads Pyodide from the page's own origin.
 *
 * The globals that reach the network, storage or other threads are gone before the first cell runs.
 */
import driver from './driver.py?raw';
import guard from './guard.py?raw';
import { countDownloads } from './downloads.ts';
import { harden } from './harden.ts';
import { serve } from './serve.ts';
import type { ToWorker } from './protocol.ts';
import type { loadPyodide as LoadPyodide } from 'pyodide';

const post = self.postMessage.bind(self);

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
