/**
 * The Python worker in the page's frame: the same interpreter, driver and message loop as in Node; only loading and hardening differ.
 *
 * It is one classic script that loads nothing: pythonFrame.ts puts Pyodide's JavaScript in front of it, and everything else comes with the
 * frame's only message. From then on it has one port, which leads to the sandbox that it works for.
 */
import { loadPyodide, type PyodideConfig } from 'pyodide';
import { harden } from './harden.ts';
import { serve } from './serve.ts';
import type { PythonSources } from './sources.ts';
import type { ToWorker } from './protocol.ts';

/** From the frame. */
export interface FrameFiles {
  readonly module: WebAssembly.Module;
  readonly stdlib: Uint8Array;
  readonly lock: string;
  readonly sources: PythonSources;
  readonly snapshot: Uint8Array | null;
  readonly makesSnapshot: boolean;
}

/** Pyodide's JavaScript, in front of this script. */
declare const createPyodideModule: NonNullable<PyodideConfig>['createPyodideModule'];

/** Nothing is there; whatever Pyodide asks for below it has been handed in. */
const nowhere = 'https://python.invalid/';

const tell = self.postMessage.bind(self);

self.onmessage = ({ data, ports: [port] }: MessageEvent<FrameFiles>) => {
  self.onmessage = null;
  if (port === undefined) return;
  const { module, stdlib, lock, sources, snapshot, makesSnapshot } = data;
  const scope = globalThis as unknown as Record<string, unknown>;
  scope['fetch'] = (url: unknown) =>
    Promise.resolve(new Response(String(url).endsWith('.zip') ? (stdlib as BufferSource as BodyInit) : null));
  const wasm = WebAssembly as unknown as Record<string, unknown>;
  wasm['instantiateStreaming'] = async (_response: unknown, imports: WebAssembly.Imports) => ({
    module,
    instance: await WebAssembly.instantiate(module, imports),
  });
  const config = { indexURL: nowhere, lockFileContents: lock, createPyodideModule };
  const receive = serve({
    files: { sources, loadPyodide, config, snapshot },
    post: (messages) => port.postMessage(messages),
    keepSnapshot: makesSnapshot
      ? (memory) => tell(memory, memory === null ? [] : [memory.buffer as ArrayBuffer])
      : null,
    harden: () => {
      if (sources.hardens) harden();
    },
  });
  port.onmessage = (event: MessageEvent<ToWorker>) => void receive(event.data);
};
