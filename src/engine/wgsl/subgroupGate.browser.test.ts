/** The gate before subgroups: sound kernels pass it, wrong ones and ones that do not compile do not. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { policyConfig } from '../../policy/config.ts';
import { openDevice, type Gpu } from './device/device.ts';
import { kernelFiles } from './kernels/kernelFiles.ts';
import { KernelLibrary } from './kernels/kernels.ts';
import { gatedSubgroups } from './subgroupGate.ts';
import { gpuSharingKernels } from './testing/sharedKernels.ts';

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openDevice(gpuSharingKernels, 'software-subgroups');
});
afterAll(() => {
  gpu.check();
  gpu.destroy();
});

/** Lanes that the gate lets through when `file` has `from` replaced. */
async function lanesWith(file: string, from: string, to: string): Promise<number> {
  const source = kernelFiles[file] ?? '';
  expect(source).toContain(from);
  const files = { ...kernelFiles, [file]: source.replace(from, to) };
  const library = new KernelLibrary(gpu, undefined, files);
  return (await gatedSubgroups(gpu, library, policyConfig('micro', 5))).subgroupLanes;
}

test('sound kernels pass', async () => {
  expect(gpu.subgroupLanes).toBeGreaterThan(1);
  expect(await lanesWith('matmulSubgroup.wgsl', 'enable', 'enable')).toBe(gpu.subgroupLanes);
});

test.each([
  ['a product that reads the wrong row', 'matmulSubgroup.wgsl', '2u * stepB]', '3u * stepB]'],
  ['a kernel that does not compile', 'matmulSubgroup.wgsl', 'enable', 'nonsense\nenable'],
  ['attention that sees the future', 'attention.wgsl', '|| key > row', ''],
  ['a gradient over the segment before', 'attentionBackwardQ.wgsl', 'key < begin ||', ''],
  ['a gradient over the segment after', 'attentionBackwardKv.wgsl', '|| query >= end', ''],
])('%s does not pass', async (_, file, from, to) => {
  expect(await lanesWith(file, from, to)).toBe(0);
});
