/**
 * The thread of a policy that a person asks: binds the host to our kernels on the processor and to Python. No logic of its own. One thread
 * computes, so that a run beside it keeps its own.
 */
import { createSimdEngine } from '../engine/simd/simdEngine.ts';
import { createBrowserSandbox } from '../sandbox/browserSandbox.ts';
import { AskHost } from './asking.ts';
import type { ToAsk } from './askProtocol.ts';
import { turnEventLoop } from './pacing.ts';

const host = new AskHost({
  post: (message) => self.postMessage(message),
  createEngine: (config) => createSimdEngine({ config, threads: 1, maxSlots: 1 }),
  createSandbox: (settings, baseUrl) => createBrowserSandbox({ baseUrl, settings }),
  turn: turnEventLoop,
});

self.onmessage = ({ data }: MessageEvent<ToAsk>) => host.handle(data);
