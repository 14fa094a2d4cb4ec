/**
 * Runs single kernels for tests and for the gate before subgroups: named arrays in, one dispatch, named arrays out. Not for a run's work.
 *
 * Any validation error fails the call, so a kernel that was silently dropped cannot pass.
 */
import { BufferSet, readBuffer, UniformArena } from '../device/buffers.ts';
import type { Gpu } from '../device/device.ts';
import { buildDispatches, encodeDispatches, type DispatchSpec } from './dispatchList.ts';
import { KernelLibrary } from './kernels.ts';
import { batchUniformBytes, type BatchUniform } from './batchUniform.ts';

export type HostArray = Float32Array<ArrayBuffer> | Uint32Array<ArrayBuffer>;

export class KernelHarness {
  readonly gpu: Gpu;
  readonly library: KernelLibrary;

  constructor(gpu: Gpu, library = new KernelLibrary(gpu)) {
    this.gpu = gpu;
    this.library = library;
  }

  /**
   * @param storage by binding name; all are writable and can be read back
   * @param uniforms by binding name, beside `batch`
   * @param make the dispatches, given a way to name a buffer
   * @returns every storage array as floats after the run
   */
  async run(
    storage: Readonly<Record<string, HostArray>>,
    batch: Partial<BatchUniform> & { rows: number; splits?: number },
    make: (
      buffer: (name: string) => GPUBuffer,
      uniform: (words: readonly number[]) => GPUBufferBinding,
    ) => DispatchSpec[],
    uniforms: Readonly<Record<string, HostArray>> = {},
  ): Promise<Record<string, Float32Array>> {
    const { device } = this.gpu;
    const sizes = Object.fromEntries(Object.entries(storage).map(([name, data]) => [name, data.length]));
    const set = await BufferSet.allocate(this.gpu, 'Testing a kernel', sizes);
    try {
      const arena = new UniformArena(this.gpu, set, 8);
      for (const [name, data] of Object.entries(storage)) device.queue.writeBuffer(set.get(name), 0, data);
      const bytes = batchUniformBytes(
        {
          accumulate: false,
          objective: 'logProbs',
          inverseCount: 1,
          temperature: 1,
          clipLow: 0.2,
          clipHigh: 0.28,
          dualClip: 10,
          tisCap: 2,
          entropyCoefficient: 0,
          klCoefficient: 0,
          ...batch,
        },
        batch.splits ?? 1,
      );
      const all = { batch: new Uint32Array(bytes), ...uniforms };
      for (const [name, data] of Object.entries(all)) {
        const usage = GPUBufferUsage.UNIFORM | GPUBufferUsage.COPY_DST;
        device.queue.writeBuffer(
          set.add(name, device.createBuffer({ size: data.byteLength, usage })),
          0,
          data,
        );
      }
      const specs = make((name) => set.get(name), arena.place);
      const dispatches = await buildDispatches(this.gpu, this.library, specs);
      const encoder = device.createCommandEncoder();
      const pass = encoder.beginComputePass();
      encodeDispatches(pass, dispatches, batch.rows);
      pass.end();
      device.queue.submit([encoder.finish()]);
      const out: Record<string, Float32Array> = {};
      for (const [name, data] of Object.entries(storage)) {
        const floats = await readBuffer(this.gpu, set.get(name), Math.max(16, data.byteLength));
        out[name] = floats.subarray(0, data.length);
      }
      this.gpu.check();
      return out;
    } finally {
      set.destroy();
    }
  }
}
