/**
 * Faults become sentences: no WebGPU, no adapter, too little memory planned or had, a kernel that does not compile, a
 * validation error, a loss that is not finite, a lost device.
 */
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { initialiseTensors } from '../../policy/initialise.ts';
import { policyConfig } from '../../policy/config.ts';
import { Random } from '../../random/random.ts';
import { NonFiniteLossError, type OptimizerSettings, type RolloutOptions } from '../engine.ts';
import { DeviceFault, openDevice, type Gpu } from './device/device.ts';
import { kernelFiles } from './kernels/kernelFiles.ts';
import { KernelLibrary } from './kernels/kernels.ts';
import { gpuSharingKernels } from './testing/sharedKernels.ts';
import { watchDevice, type DeviceWatch } from './testing/watchDevice.ts';
import { createWgslEngine, MemoryPlanError, WgslUnavailableError, type WgslEngine } from './wgslEngine.ts';

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

const batch = {
  kind: 'sft',
  sequences: [{ tokens: Int32Array.of(1, 5, 9, 2), lossMask: Uint8Array.of(0, 1, 1, 1) }],
} as const;
const optimizer: OptimizerSettings = {
  learningRate: 1e-2,
  beta1: 0.9,
  beta2: 0.95,
  epsilon: 1e-8,
  weightDecay: 0.1,
  maxGradNorm: 1,
};
const rollout: RolloutOptions = {
  sampling: { temperature: 1, topP: 1 },
  seed: 1,
  context: 12,
  turnEndTokens: [],
  endTokens: [],
};

describe('faults of a running engine', () => {
  let watch: DeviceWatch;
  let engine: WgslEngine;
  async function start(devices: GPU): Promise<void> {
    watch = watchDevice(devices);
    engine = await createWgslEngine({ config, gpu: watch.gpu });
    await engine.loadTensors(initialiseTensors(config, new Random(1)));
  }
  afterEach(() => {
    engine.dispose();
  });

  test('out of memory: growing the plan is refused in words, and what was there goes on', async () => {
    await start(gpuSharingKernels);
    const { stats } = await engine.gradients(batch);
    const before = watch.liveBytes();
    outOfMemoryOnce(watch.device());
    const session = engine.startRollout(rollout);
    session.add([{ id: 1, prompt: [1, 2] }]);
    await expect(session.advance()).rejects.toThrow(/Generating .* out of memory/);
    expect(watch.liveBytes() - before).toBeLessThan(
      engine.memory({ context: 12, rows: 4, slots: 1 }).rollout / 2,
    );
    session.dispose();
    expect((await engine.step(batch, optimizer)).loss).toBe(stats.loss);
    const again = engine.startRollout(rollout);
    again.add([{ id: 1, prompt: [1, 2] }]);
    expect((await again.advance(20)).map((event) => event.type)).toEqual(['finished']);
    again.dispose();
  });

  test('a validation error in a step fails that step and every call after it', async () => {
    await start(navigator.gpu);
    const { queue } = watch.device();
    const submit = queue.submit.bind(queue);
    const foreign = watch.device().createCommandEncoder();
    foreign.beginComputePass().end();
    const spent = foreign.finish();
    submit([spent]);
    Object.defineProperty(queue, 'submit', {
      value: (buffers: Iterable<GPUCommandBuffer>) => {
        submit([...buffers]);
        submit([spent]); // a command buffer may be submitted once
      },
    });
    await expect(engine.step(batch, optimizer)).rejects.toThrow(DeviceFault);
    await expect(engine.readTensors()).rejects.toThrow(DeviceFault);
    await expect(engine.startRollout(rollout).advance()).rejects.toThrow(DeviceFault);
  });

  test.each([NaN, Infinity])(
    'a weight of %d: the loss is refused, nothing moves, and good weights go on',
    async (bad) => {
      await start(gpuSharingKernels);
      const good = initialiseTensors(config, new Random(1));
      const spoilt = new Map(good);
      const norm = good.get('model.norm.weight');
      if (!norm) throw new Error('The policy has a final norm.');
      spoilt.set('model.norm.weight', { ...norm, data: norm.data.map((x, i) => (i === 3 ? bad : x)) });
      await engine.loadTensors(spoilt);
      const refused = engine.step(batch, optimizer);
      await expect(refused).rejects.toThrow(NonFiniteLossError);
      await expect(refused).rejects.toThrow(/weights were left as they were/);
      expect(await engine.readTensors()).toEqual(spoilt);
      expect((await engine.readOptimizer()).step).toBe(0);
      await engine.loadTensors(good);
      expect((await engine.step(batch, optimizer)).loss).toBeGreaterThan(0);
    },
  );

  test('a lost device resolves `lost` with a sentence, and every call rejects with it', async () => {
    await start(navigator.gpu);
    const session = engine.startRollout(rollout);
    session.add([{ id: 1, prompt: [1, 2] }]);
    await session.advance(1);
    const underWay = engine.step(batch, optimizer);
    underWay.catch(() => undefined); // it may have been through before the device went
    watch.device().destroy();
    expect(await engine.lost).toMatch(/graphics device was lost/);
    await expect(engine.readTensors()).rejects.toThrow(/lost/);
    await expect(engine.step(batch, optimizer)).rejects.toThrow(/lost/);
    await expect(session.advance()).rejects.toThrow(/lost/);
    session.dispose();
  });
});

/** The next large buffer is not to be had: its allocation is reported as a device reports it. */
function outOfMemoryOnce(device: GPUDevice): void {
  const popErrorScope = device.popErrorScope.bind(device);
  const createBuffer = device.createBuffer.bind(device);
  let failed = false;
  Object.defineProperty(device, 'createBuffer', {
    configurable: true,
    value: (descriptor: GPUBufferDescriptor) => {
      if (descriptor.label === 'cacheK0') failed = true;
      return createBuffer(descriptor);
    },
  });
  const scopes: GPUErrorFilter[] = [];
  const pushErrorScope = device.pushErrorScope.bind(device);
  Object.defineProperty(device, 'pushErrorScope', {
    configurable: true,
    value: (filter: GPUErrorFilter) => {
      scopes.push(filter);
      pushErrorScope(filter);
    },
  });
  Object.defineProperty(device, 'popErrorScope', {
    configurable: true,
    value: async () => {
      const filter = scopes.pop();
      const error = await popErrorScope();
      if (filter !== 'out-of-memory' || !failed) return error;
      failed = false;
      Object.defineProperty(device, 'createBuffer', { configurable: true, value: createBuffer });
      return new GPUOutOfMemoryError('a test says so');
    },
  });
}
