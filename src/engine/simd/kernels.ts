/**
 * An instance of the kernels with its memory, and JavaScript's views of it.
 *
 * Invariant: an array handed out by `f32` and the like is a view, to be used at once: memory that grows makes longer views necessary,
 * though old ones stay right.
 */
import type { Address, KernelExports, TestedKernels } from './kernelExports.ts';
import { SimdUnavailableError, type KernelBuild, type KernelModule } from './kernelModule.ts';

/** The memory cannot be had; `message` is a sentence for people. */
export class SimdMemoryError extends Error {
  override readonly name = 'SimdMemoryError';
}

/** Pages of 64 KiB that the memory may grow to: 4 GB, or less where that much address space is not to be had. */
const LIMITS = [65536, 32768, 16384, 8192] as const;

export class Kernels {
  readonly build: KernelBuild;
  readonly memory: WebAssembly.Memory;
  readonly call: KernelExports & TestedKernels;

  private constructor(build: KernelBuild, memory: WebAssembly.Memory, call: KernelExports & TestedKernels) {
    this.build = build;
    this.memory = memory;
    this.call = call;
  }

  /** @throws SimdUnavailableError, SimdMemoryError */
  static async instantiate({ build, module }: KernelModule): Promise<Kernels> {
    const memory = newMemory();
    const { exports } = await WebAssembly.instantiate(module, { env: { memory, abort } });
    return new Kernels(build, memory, exports as unknown as KernelExports & TestedKernels);
  }

  /**
   * `count` 32-bit numbers, zero, at a multiple of 16 bytes.
   * @param what a noun for the sentence when there is no memory for it
   * @throws SimdMemoryError
   */
  allocate(count: number, what: string): Address {
    return this.attempt(what, () => this.call.allocate(count * 4));
  }

  /** Run `allocating`, which traps where memory cannot grow. @throws SimdMemoryError */
  attempt<T>(what: string, allocating: () => T): T {
    try {
      return allocating();
    } catch (error) {
      if (!(error instanceof WebAssembly.RuntimeError) && !(error instanceof KernelAbort)) throw error;
      const held = Math.round(this.memory.buffer.byteLength / 2 ** 20);
      throw new SimdMemoryError(
        `There is not enough memory for ${what} (the engine holds ${held} MB). Choose a smaller policy or a shorter context.`,
      );
    }
  }

  f32(address: Address, count: number): Float32Array<ArrayBuffer> {
    return new Float32Array(this.memory.buffer, address, count);
  }

  i32(address: Address, count: number): Int32Array<ArrayBuffer> {
    return new Int32Array(this.memory.buffer, address, count);
  }

  u32(address: Address, count: number): Uint32Array<ArrayBuffer> {
    return new Uint32Array(this.memory.buffer, address, count);
  }
}

/** AssemblyScript's runtime gives up: an allocation that is too large. */
class KernelAbort extends Error {
  override readonly name = 'KernelAbort';
}

function abort(): never {
  throw new KernelAbort('The kernels stopped.');
}

/** Shared, so that threads can join; a page that is not isolated may have such a memory, but cannot hand it to a thread. */
function newMemory(): WebAssembly.Memory {
  for (const maximum of LIMITS) {
    try {
      return new WebAssembly.Memory({ initial: 16, maximum, shared: true });
    } catch (error) {
      if (!(error instanceof RangeError)) {
        throw new SimdUnavailableError(
          `This browser has no shared memory for WebAssembly (${String(error)}). Update it, or choose another engine in the settings.`,
        );
      }
    }
  }
  throw new SimdMemoryError('There is not enough memory for the engine. Close other pages or programs.');
}
