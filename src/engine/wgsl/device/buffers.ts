/**
 * GPU buffers by name: allocated together from a memory plan, filled, read back and destroyed together.
 *
 * Invariant: every buffer of the engine is in one `BufferSet`, so disposing of the sets leaves nothing on the device.
 */
import type { Gpu } from './device.ts';
import { DeviceFault } from './device.ts';
import { nudge } from './nudge.ts';
import { bufferBytes, type BufferSizes } from '../memory/bufferSizes.ts';

export class BufferSet {
  readonly #buffers = new Map<string, GPUBuffer>();

  /** Allocate zeroed storage buffers. Rejects with a sentence when the device is out of memory. */
  static async allocate(gpu: Gpu, doing: string, sizes: BufferSizes): Promise<BufferSet> {
    const set = new BufferSet();
    try {
      await gpu.guarded(doing, () => {
        for (const [name, floats] of Object.entries(sizes)) {
          const usage = GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST;
          set.#buffers.set(name, gpu.device.createBuffer({ label: name, size: bufferBytes(floats), usage }));
        }
      });
    } catch (error) {
      set.destroy();
      throw error;
    }
    return set;
  }

  /** Add a buffer that is not storage: a uniform, or one the CPU maps. */
  add(name: string, buffer: GPUBuffer): GPUBuffer {
    this.#buffers.set(name, buffer);
    return buffer;
  }

  find(name: string): GPUBuffer | undefined {
    return this.#buffers.get(name);
  }

  get(name: string): GPUBuffer {
    const buffer = this.#buffers.get(name);
    if (!buffer) throw new Error(`The plan has no buffer ${name}.`);
    return buffer;
  }

  destroy(): void {
    for (const buffer of this.#buffers.values()) buffer.destroy();
    this.#buffers.clear();
  }
}

/** One uniform buffer of 256-byte places for words that are written once; equal words share a place. */
export class UniformArena {
  readonly #gpu: Gpu;
  readonly #buffer: GPUBuffer;
  readonly #places = new Map<string, number>();

  /** The buffer joins `set`, which destroys it. */
  constructor(gpu: Gpu, set: BufferSet, places = 128) {
    this.#gpu = gpu;
    this.#buffer = set.add(
      'uniforms',
      gpu.device.createBuffer({
        label: 'uniforms',
        size: places * 256,
        usage: GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST,
      }),
    );
  }

  readonly place = (words: readonly number[]): GPUBufferBinding => {
    const key = words.join();
    let offset = this.#places.get(key);
    if (offset === undefined) {
      offset = this.#places.size * 256;
      if (offset >= this.#buffer.size) throw new Error('The uniform arena is full.');
      this.#places.set(key, offset);
      this.#gpu.device.queue.writeBuffer(this.#buffer, offset, new Uint32Array(words));
    }
    return { buffer: this.#buffer, offset, size: words.length * 4 };
  };
}

/** Copy out of mapped staging: resolves with the first `bytes` bytes. Rejects with `DeviceFault` if the device is gone. */
export async function readStaging(gpu: Gpu, staging: GPUBuffer, bytes: number): Promise<ArrayBuffer> {
  const stop = gpu.noticesAtSubmits ? nudge(gpu.device) : undefined;
  try {
    await staging.mapAsync(GPUMapMode.READ, 0, bytes);
  } catch (error) {
    gpu.check();
    throw new DeviceFault(`Reading back failed: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    stop?.();
  }
  const copy = staging.getMappedRange(0, bytes).slice(0);
  staging.unmap();
  gpu.check();
  return copy;
}

/** Read a whole range through a staging buffer made for the occasion: for checkpoints and tests, not for the steady state. */
export async function readBuffer(gpu: Gpu, buffer: GPUBuffer, bytes: number): Promise<Float32Array> {
  const staging = gpu.device.createBuffer({
    label: 'readBuffer',
    size: bytes,
    usage: GPUBufferUsage.COPY_DST | GPUBufferUsage.MAP_READ,
  });
  try {
    const encoder = gpu.device.createCommandEncoder();
    encoder.copyBufferToBuffer(buffer, 0, staging, 0, bytes);
    gpu.device.queue.submit([encoder.finish()]);
    return new Float32Array(await readStaging(gpu, staging, bytes));
  } finally {
    staging.destroy();
  }
}
