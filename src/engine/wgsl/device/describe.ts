/**
 * What the hand-written engine says of itself.
 */
import type { EngineDescription } from '../../engine.ts';
import { openDevice, type Gpu } from './device.ts';

export function describeGpu(gpu: Gpu): EngineDescription {
  return {
    engine: 'wgsl',
    backend: 'webgpu',
    adapter: gpu.adapterName,
    isSoftware: gpu.isSoftware,
    reason: gpu.isSoftware
      ? `The hand-written WebGPU kernels run here, on a software adapter${gpu.subgroupLanes > 0 ? ` (with subgroups of ${gpu.subgroupLanes})` : ''}: correct, but slow without a GPU.`
      : 'The hand-written WebGPU kernels run here: the fastest path this lab has.',
  };
}

/** What an engine here would say, found out by opening a device and closing it. Rejects with `WgslUnavailableError`. */
export async function describeWgslEngine(
  gpu: GPU | undefined = typeof navigator === 'undefined' ? undefined : navigator.gpu,
): Promise<EngineDescription> {
  const opened = await openDevice(gpu);
  const description = describeGpu(opened);
  opened.destroy();
  return description;
}
