/** A thread of the SIMD engine in a browser: an instance of the kernels on the engine's memory, which serves until it is ended. */
import type { KernelExports } from '../kernelExports.ts';
import type { BrowserThreadStart } from './spawn.ts';

self.onmessage = ({ data }: MessageEvent<BrowserThreadStart>) => {
  const abort = () => {
    throw new Error('The kernels stopped.');
  };
  const { exports } = new WebAssembly.Instance(data.module, { env: { memory: data.memory, abort } });
  const call = exports as unknown as KernelExports;
  // Held as long as the thread lives: whoever is given it next knows that this one is dead, however it died.
  void navigator.locks.request(data.lock, () => {
    try {
      call.serve(data.team, data.index);
    } catch {
      call.fail(data.team);
    }
  });
};
