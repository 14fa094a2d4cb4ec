/** Faults become sentences: no WebGPU, no adapter, too little memory, a kernel that does not compile, a lost device. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import { initialiseTensors } from '../../policy/initialise.ts';
import { policyConfig } from '../../policy/config.ts';
import { Random } from '../../random/random.ts';
import { DeviceFault, openDevice, type Gpu } from './device.ts';
import { kernelFiles } from './kernelFiles.ts';
import { KernelLibrary } from './kernels.ts';
import { createWgslEngine, MemoryPlanError, WgslUnavailableError } from './wgslEngine.ts';

const config = policyConfig('micro', 23);
const noAdapter = { requestAdapter: () => Promise.resolve(null) } as unknown as GPU;

let gpu: Gpu;
beforeAll(async () => {
  gpu = await openDevice(navigator.gpu);
});
afterAll(() => {
  gpu.destroy();
});

test('no WebGPU and no adapter are refused in words', async () => {
  await expect(openDevice(undefined)).rejects.toThrow(WgslUnavailableError);
  await expect(createWgslEngine({ config, gpu: noAdapter })).rejects.toThrow(/no graphics adapter/);
});

test('a plan that does not fit is refused with its numbers before anything is allocated', async () => {
  const refused = createWgslEngine({ config, memoryBudget: 2 ** 20 });
  await expect(refused).rejects.toThrow(MemoryPlanError);
  await expect(refused).rejects.toThrow(/needs .* MB/);
});

test('a kernel that does not compile names its file and line', async () => {
  const library = new KernelLibrary(gpu, undefined, {
    ...kernelFiles,
    'broken.wgsl': [
      '#include "batch.wgsl"',
      '',
      '@compute @workgroup_size(1)',
      'fn main() { let x = nonsense; }',
    ].join('\n'),
  });
  const broken = library.compile([{ file: 'broken.wgsl', constants: { D: 4 } }]);
  await expect(broken).rejects.toThrow(DeviceFault);
  await expect(broken).rejects.toThrow(/broken\.wgsl:4:/);
});

test('compilation reports its progress', async () => {
  const seen: number[] = [];
  const engine = await createWgslEngine({
    config,
    onProgress: ({ compiled, total }) => {
      expect(compiled).toBeLessThanOrEqual(total);
      seen.push(compiled);
    },
  });
  expect(seen.length).toBeGreaterThan(20);
  expect(seen).toEqual([...seen].sort((a, b) => a - b));
  engine.dispose();
});

test('an uncaptured validation error fails the next call', async () => {
  const one = await openDevice(navigator.gpu);
  one.device.createBuffer({ size: 16, usage: GPUBufferUsage.MAP_READ | GPUBufferUsage.STORAGE });
  await one.device.queue.onSubmittedWorkDone();
  await new Promise((resolve) => setTimeout(resolve, 50));
  expect(() => {
    one.check();
  }).toThrow(DeviceFault);
  one.destroy();
});

test('a lost device resolves `lost` with a sentence, and later calls reject with it', async () => {
  let device: GPUDevice | undefined;
  const watched = {
    requestAdapter: async () => {
      const adapter = await navigator.gpu.requestAdapter();
      if (!adapter) return null;
      const requestDevice = adapter.requestDevice.bind(adapter);
      Object.defineProperty(adapter, 'requestDevice', {
        value: async (descriptor?: GPUDeviceDescriptor) => (device = await requestDevice(descriptor)),
      });
      return adapter;
    },
  } as unknown as GPU;
  const engine = await createWgslEngine({ config, gpu: watched });
  await engine.loadTensors(initialiseTensors(config, new Random(1)));
  device?.destroy();
  expect(await engine.lost).toMatch(/graphics device was lost/);
  await expect(engine.readTensors()).rejects.toThrow(/lost/);
  engine.dispose();
});
