/** A `GPU` whose devices are handed out by somebody else: for watching, counting and timing what an engine does with them. */

type RequestDevice = (descriptor?: GPUDeviceDescriptor) => Promise<GPUDevice>;

/** @param request what to do when `adapter` is asked for a device; `requestDevice` is the adapter's own way */
export function interceptDevices(
  gpu: GPU,
  request: (
    requestDevice: RequestDevice,
    adapter: GPUAdapter,
    descriptor?: GPUDeviceDescriptor,
  ) => Promise<GPUDevice>,
): GPU {
  const tapped: Pick<GPU, 'requestAdapter'> = {
    requestAdapter: async (options) => {
      const adapter = await gpu.requestAdapter(options);
      if (!adapter) return adapter;
      const requestDevice = adapter.requestDevice.bind(adapter);
      overlay(adapter, 'requestDevice', (descriptor?: GPUDeviceDescriptor) =>
        request(requestDevice, adapter, descriptor),
      );
      return adapter;
    },
  };
  return tapped as GPU;
}

/** Put `value` before an object's method. Dawn's methods in Node are not writable, but an object's own property may stand before them. */
export function overlay(object: object, name: string, value: unknown): void {
  Object.defineProperty(object, name, { value, configurable: true });
}
