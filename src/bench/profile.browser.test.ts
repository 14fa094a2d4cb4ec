/** The profile on a real device: it times every dispatch of a step, by kernel, and leaves the engine as it was. */
import { expect, test } from 'vitest';
import { profilingGpu } from './gpuProfile.ts';
import { profileEngine, profileMarkdown, type WorkProfile } from './profile.ts';

const now = () => performance.now();

test('every dispatch of a step is timed, by kernel', { timeout: 180_000 }, async () => {
  const found: WorkProfile[] = [];
  const { gpu } = navigator;
  await profileEngine(
    { gpu, presets: ['micro'], works: ['sft', 'rollout'], vocabulary: 23, sequences: 2, now },
    (profile) => found.push(profile),
  );
  const [training, rollout] = found;
  const of = (kernel: string) => training?.kernels.find((one) => one.kernel === kernel);
  // A step of two layers is 65 dispatches: nine products each forward and eight backward for inputs and weights, and so on.
  expect(training?.kernels.reduce((sum, { dispatches }) => sum + dispatches, 0)).toBe(65);
  expect(of('adamw.wgsl')?.dispatches).toBe(1);
  expect(of('attention.wgsl WIDE')?.dispatches).toBe(2);
  expect(of('matmul.wgsl FORM_NT')?.dispatches).toBe(5); // q k v and gate up of two layers, and the head
  expect(training?.untimed).toBe(0);
  expect(training?.milliseconds).toBeGreaterThan(0);
  for (const { milliseconds } of training?.kernels ?? []) expect(milliseconds).toBeGreaterThanOrEqual(0);
  const decoding = rollout?.kernels.find(({ kernel }) => kernel.startsWith('sample.wgsl'));
  expect(decoding?.dispatches).toBeGreaterThan(2);
  if (!training) throw new Error('nothing was profiled');
  expect(profileMarkdown(training)).toMatch(/\| adamw\.wgsl +\| 1 /);
});

test('an adapter without timestamps says so', async () => {
  const without = {
    requestAdapter: async (options?: GPURequestAdapterOptions) => {
      const adapter = await navigator.gpu.requestAdapter(options);
      if (adapter) Object.defineProperty(adapter, 'features', { value: new Set<string>() });
      return adapter;
    },
  } as GPU;
  const adapter = await profilingGpu(without).gpu.requestAdapter();
  await expect(adapter?.requestDevice()).rejects.toThrow('no timestamp queries');
  expect(() => profilingGpu(navigator.gpu).profile(() => Promise.resolve())).toThrow('No device');
});
