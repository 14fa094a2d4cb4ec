/**
 * A `GPU` for tests whose devices are all one: what one engine has compiled, the next one need not. On a software adapter compiling takes
 * longer than all else that these tests do.
 *
 * Each holder sees a device of its own: destroying it loses that one alone, and what a test lays over its methods stays with the test. Buffers
 * of a holder that does not destroy them stay. Tests that lose or spoil a device take one from
 * `navigator.gpu`.
 */
import { interceptDevices } from '../device/interceptDevices.ts';

/** By what was asked for. */
const devices = new Map<string, Promise<GPUDevice>>();

/** `navigator.gpu`, to be given to an engine. */
export const gpuSharingKernels: GPU = interceptDevices(
  navigator.gpu,
  async (requestDevice, _, descriptor) => {
    const asked = JSON.stringify(descriptor);
    const shared = devices.get(asked) ?? requestDevice(descriptor).then(rememberingKernels);
    devices.set(asked, shared);
    return holderOf(await shared);
  },
);

/** Lay over the device's two compilers, so that they give what they gave to the same source before. */
function rememberingKernels(device: GPUDevice): GPUDevice {
  const modules = new Map<string, GPUShaderModule>();
  const pipelines = new Map<GPUShaderModule, Promise<GPUComputePipeline>>();
  return standIn(device, {
    createShaderModule(descriptor: GPUShaderModuleDescriptor) {
      const module = modules.get(descriptor.code) ?? device.createShaderModule(descriptor);
      modules.set(descriptor.code, module);
      return module;
    },
    /** An engine's kernels have one layout and one entry point each. */
    createComputePipelineAsync(descriptor: GPUComputePipelineDescriptor) {
      const { module } = descriptor.compute;
      const pipeline = pipelines.get(module) ?? device.createComputePipelineAsync(descriptor);
      pipelines.set(module, pipeline);
      return pipeline;
    },
  });
}

function holderOf(shared: GPUDevice): GPUDevice {
  let destroy: () => void = () => undefined;
  const destroyed = new Promise<GPUDeviceLostInfo>((resolve) => {
    destroy = () => {
      resolve({ reason: 'destroyed', message: 'This holder let go of the device.' } as GPUDeviceLostInfo);
    };
  });
  const lost = Promise.race([destroyed, shared.lost]);
  return standIn(shared, { lost, destroy, queue: standIn(shared.queue, {}) });
}

/** An object that has what `own` has, and all else from `original`; what is laid over it does not touch `original`. */
function standIn<T extends object>(original: T, own: object): T {
  return new Proxy(own, {
    get(target, key) {
      if (Object.hasOwn(target, key)) return Reflect.get(target, key) as unknown;
      const value = Reflect.get(original, key, original) as unknown;
      return typeof value === 'function' ? (value.bind(original) as unknown) : value;
    },
  }) as T;
}
