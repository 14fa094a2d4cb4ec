/**
 * A device under observation, for tests: which GPU objects are created, how often work is submitted, and how many bytes of
 * buffers are alive.
 */

import { interceptDevices } from '../device/interceptDevices.ts';

export interface DeviceWatch {
  /** To be given to the engine. */
  readonly gpu: GPU;
  /** Names of the calls that created an object or submitted work; may be emptied. */
  readonly calls: string[];
  /** Bytes of all buffers that were created and not destroyed. */
  readonly liveBytes: () => number;
  /** The device that was handed out last. */
  readonly device: () => GPUDevice;
}

const createCalls = ['createBindGroup', 'createComputePipelineAsync', 'createShaderModule'] as const;

/** @param from whose devices */
export function watchDevice(from: GPU = navigator.gpu): DeviceWatch {
  const calls: string[] = [];
  const alive = new Map<GPUBuffer, number>();
  let last: GPUDevice | undefined;

  const watch = (device: GPUDevice): GPUDevice => {
    last = device;
    for (const call of createCalls) {
      const original = device[call].bind(device) as (...all: unknown[]) => unknown;
      Object.defineProperty(device, call, {
        value: (...all: unknown[]) => {
          calls.push(call);
          return original(...all);
        },
      });
    }
    const createBuffer = device.createBuffer.bind(device);
    Object.defineProperty(device, 'createBuffer', {
      configurable: true, // a test may make it fail
      value: (descriptor: GPUBufferDescriptor) => {
        calls.push('createBuffer');
        const buffer = createBuffer(descriptor);
        alive.set(buffer, buffer.size);
        const destroy = buffer.destroy.bind(buffer);
        Object.defineProperty(buffer, 'destroy', {
          value: () => {
            alive.delete(buffer);
            destroy();
          },
        });
        return buffer;
      },
    });
    const { queue } = device;
    const submit = queue.submit.bind(queue);
    Object.defineProperty(queue, 'submit', {
      configurable: true,
      value: (buffers: Iterable<GPUCommandBuffer>) => {
        calls.push('submit');
        submit(buffers);
      },
    });
    return device;
  };

  const gpu = interceptDevices(from, async (requestDevice, _, descriptor) =>
    watch(await requestDevice(descriptor)),
  );
  return {
    gpu,
    calls,
    liveBytes: () => [...alive.values()].reduce((sum, bytes) => sum + bytes, 0),
    device: () => {
      if (!last) throw new Error('No device was asked for yet.');
      return last;
    },
  };
}
