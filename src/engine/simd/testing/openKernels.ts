/**
 * What the kernel tests share: the kernels of each build, arrays put into their memory, and random numbers.
 */
import { afterEach, beforeAll, describe } from 'vitest';
import { Random } from '../../../random/random.ts';
import type { Address, KernelExports, TestedKernels } from '../kernelExports.ts';
import { kernelModule, type KernelBuild } from '../kernelModule.ts';
import { Kernels } from '../kernels.ts';

export interface KernelTopic {
  readonly random: Random;
  readonly normal: (length: number) => Float32Array;
  readonly call: () => KernelExports & TestedKernels;
  /** A copy of `values` in the kernels' memory until the test ends. */
  readonly put: (values: Float32Array | Uint32Array) => Address;
  /** `length` zeros. */
  readonly room: (length: number) => Address;
  readonly read: (address: Address, length: number) => Float32Array;
}

/** Time to compile the kernels from source on a busy machine, where their text has changed. */
export const COMPILING_MS = 180_000;

const builds: readonly KernelBuild[] = ['plain', 'relaxed'];

/** Run `tests` on both builds. */
export function describeKernels(name: string, tests: (topic: KernelTopic) => void): void {
  describe.each(builds)(`${name}, %s`, (build) => {
    let kernels: Kernels | undefined;
    const placed: Address[] = [];
    beforeAll(async () => {
      kernels = await Kernels.instantiate(await kernelModule(build));
    }, COMPILING_MS);
    const open = () => {
      if (!kernels) throw new Error('The kernels are not open yet.');
      return kernels;
    };
    afterEach(() => {
      for (const address of placed.splice(0)) open().call.release(address);
    });
    const room = (length: number) => {
      const address = open().allocate(length, 'a test');
      placed.push(address);
      return address;
    };
    const random = new Random(name);
    tests({
      random,
      normal: (length) => Float32Array.from({ length }, () => random.normal()),
      call: () => open().call,
      put: (values) => {
        const address = room(values.length);
        if (values instanceof Uint32Array) open().u32(address, values.length).set(values);
        else open().f32(address, values.length).set(values);
        return address;
      },
      room,
      read: (address, length) => open().f32(address, length).slice(),
    });
  });
}
