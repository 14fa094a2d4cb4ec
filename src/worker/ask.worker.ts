/**
 * The thread of a policy that a person asks: binds the host to our kernels on the processor and to Python. No logic of its own. One thread
 * computes, so that a run beside it keeps its own.
 */
import { createSimdEngine } from '../engine/simd/simdEngine.ts';
import { createBrowserSandbox, isDoorMessage, type DoorMessage } from '../sandbox/browserSandbox.ts';
import { AskHost } from './asking.ts';
import type { ToAsk } from './askProtocol.ts';
import { turnEventLoop } from './pacing.ts';

let receiveDoor: (door: MessagePort) => void;
/** The way to Python, which the page hands to this worker before anything else. */
const door = new Promise<MessagePort>((resolve) => (receiveDoor = resolve));

const host = new AskHost({
  post: (message) => self.postMessage(message),
  createEngine: (config) => createSimdEngine({ config, threads: 1, maxSlots: 1 }),
  createSandbox: async (settings) => createBrowserSandbox({ door: await door, settings }),
  turn: turnEventLoop,
});

self.onmessage = ({ data, ports: [port] }: MessageEvent<ToAsk | DoorMessage>) => {
  if (!isDoorMessage(data)) host.handle(data);
  else if (port !== undefined) receiveDoor(port);
};
