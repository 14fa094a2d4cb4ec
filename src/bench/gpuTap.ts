/**
 * A `GPU` that counts what any engine does with it: submits, dispatches, bytes read back, objects created.
 *
 * Both engines take their device from here, so both are counted by one rule, from outside. The objects are the real ones
 * (only their own methods are overlaid), so nothing an engine sees differs. Dispatches are overlaid only while counting;
 * a step that is timed makes the same calls as without this file, but for one test of a flag per encoder and per read-back.
 */

import { interceptDevices, overlay } from '../engine/wgsl/device/interceptDevices.ts';

export interface GpuCounts {
  readonly submits: number;
  readonly dispatches: number;
  readonly bytesReadBack: number;
  readonly bytesUploaded: number;
  /** Buffers, bind groups, pipelines and shader modules made: none in a steady state that is planned. */
  readonly objectsCreated: number;
}

export interface GpuTap {
  readonly gpu: GPU;
  /** Count everything asked of any device of this `gpu` while `work` runs. */
  count(work: () => Promise<void>): Promise<GpuCounts>;
}

export function tapGpu(gpu: GPU): GpuTap {
  const counter = new Counter();
  const tapped = interceptDevices(gpu, async (requestDevice, _, descriptor) => {
    const device = await requestDevice(descriptor);
    counter.watch(device);
    return device;
  });
  return { gpu: tapped, count: (work) => counter.count(work) };
}

/** Put `gpu` where `navigator.gpu` is looked for; in Node there may be no navigator at all. */
export function offerGpu(gpu: GPU): void {
  if (typeof navigator === 'undefined') overlay(globalThis, 'navigator', { userAgent: 'node', gpu });
  else overlay(navigator, 'gpu', gpu);
}

const created = [
  'createBindGroup',
  'createComputePipeline',
  'createComputePipelineAsync',
  'createShaderModule',
] as const;

class Counter {
  #counting = false;
  #submits = 0;
  #dispatches = 0;
  #bytesReadBack = 0;
  #bytesUploaded = 0;
  #objectsCreated = 0;

  async count(work: () => Promise<void>): Promise<GpuCounts> {
    this.#submits = this.#dispatches = this.#bytesReadBack = this.#bytesUploaded = this.#objectsCreated = 0;
    this.#counting = true;
    try {
      await work();
    } finally {
      this.#counting = false;
    }
    return {
      submits: this.#submits,
      dispatches: this.#dispatches,
      bytesReadBack: this.#bytesReadBack,
      bytesUploaded: this.#bytesUploaded,
      objectsCreated: this.#objectsCreated,
    };
  }

  watch(device: GPUDevice): void {
    this.#watchQueue(device.queue);
    for (const name of created) {
      const create = device[name].bind(device) as (descriptor: unknown) => unknown;
      overlay(device, name, (descriptor: unknown) => {
        if (this.#counting) this.#objectsCreated++;
        return create(descriptor);
      });
    }
    const createBuffer = device.createBuffer.bind(device);
    overlay(device, 'createBuffer', (descriptor: GPUBufferDescriptor) => {
      if (this.#counting) this.#objectsCreated++;
      const buffer = createBuffer(descriptor);
      if ((descriptor.usage & GPUBufferUsage.MAP_READ) !== 0) this.#watchReading(buffer);
      return buffer;
    });
    const createCommandEncoder = device.createCommandEncoder.bind(device);
    overlay(device, 'createCommandEncoder', (descriptor?: GPUCommandEncoderDescriptor) => {
      const encoder = createCommandEncoder(descriptor);
      if (this.#counting) this.#watchPasses(encoder);
      return encoder;
    });
  }

  #watchQueue(queue: GPUQueue): void {
    const submit = queue.submit.bind(queue);
    overlay(queue, 'submit', (buffers: Iterable<GPUCommandBuffer>) => {
      if (this.#counting) this.#submits++;
      submit(buffers);
    });
    const writeBuffer = queue.writeBuffer.bind(queue);
    overlay(queue, 'writeBuffer', (...args: Parameters<GPUQueue['writeBuffer']>) => {
      if (this.#counting) this.#bytesUploaded += writtenBytes(args);
      writeBuffer(...args);
    });
  }

  #watchReading(buffer: GPUBuffer): void {
    const mapAsync = buffer.mapAsync.bind(buffer);
    overlay(buffer, 'mapAsync', (mode: number, offset?: number, size?: number) => {
      if (this.#counting) this.#bytesReadBack += size ?? buffer.size - (offset ?? 0);
      return mapAsync(mode, offset, size);
    });
  }

  #watchPasses(encoder: GPUCommandEncoder): void {
    const beginComputePass = encoder.beginComputePass.bind(encoder);
    overlay(encoder, 'beginComputePass', (descriptor?: GPUComputePassDescriptor) => {
      const pass = beginComputePass(descriptor);
      const dispatchWorkgroups = pass.dispatchWorkgroups.bind(pass);
      overlay(pass, 'dispatchWorkgroups', (x: number, y?: number, z?: number) => {
        this.#dispatches++;
        dispatchWorkgroups(x, y, z);
      });
      const indirect = pass.dispatchWorkgroupsIndirect.bind(pass);
      overlay(pass, 'dispatchWorkgroupsIndirect', (buffer: GPUBuffer, offset: number) => {
        this.#dispatches++;
        indirect(buffer, offset);
      });
      return pass;
    });
  }
}

/** WebGPU counts `dataOffset` and `size` in elements of a typed array, in bytes of anything else. */
function writtenBytes([, , data, dataOffset = 0, size]: Parameters<GPUQueue['writeBuffer']>): number {
  const element = 'BYTES_PER_ELEMENT' in data ? Number(data.BYTES_PER_ELEMENT) : 1;
  return size === undefined ? data.byteLength - dataOffset * element : size * element;
}
