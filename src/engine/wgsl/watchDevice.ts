/**
 * A device under observation, for tests: which GPU objects are created and how often work is submitted.
 */

/** `navigator.gpu` whose devices report every object they create and every submit. */
export function watchDevice(report: (call: string) => void): GPU {
  const createCalls = [
    'createBuffer',
    'createBindGroup',
    'createComputePipelineAsync',
    'createShaderModule',
  ] as const;
  const watchCalls = (device: GPUDevice) => {
    for (const call of createCalls) {
      const original = device[call].bind(device) as (...all: unknown[]) => unknown;
      Object.defineProperty(device, call, {
        value: (...all: unknown[]) => {
          report(call);
          return original(...all);
        },
      });
    }
    const submit = device.queue.submit.bind(device.queue);
    const queue = device.queue;
    Object.defineProperty(queue, 'submit', {
      value: (buffers: Iterable<GPUCommandBuffer>) => {
        report('submit');
        submit(buffers);
      },
    });
    return device;
  };
  return {
    requestAdapter: async (options?: GPURequestAdapterOptions) => {
      const adapter = await navigator.gpu.requestAdapter(options);
      if (!adapter) return null;
      const requestDevice = adapter.requestDevice.bind(adapter);
      Object.defineProperty(adapter, 'requestDevice', {
        value: async (descriptor?: GPUDeviceDescriptor) => watchCalls(await requestDevice(descriptor)),
      });
      return adapter;
    },
  } as unknown as GPU;
}
