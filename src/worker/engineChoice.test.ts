/** Which engine runs, on browsers that are made up: a graphics card or an imitated one, SIMD or none, memory or none. */
import { describe, expect, it, vi } from 'vitest';
import type { EngineDescription, PolicyEngine } from '../engine/engine.ts';
import { SimdUnavailableError } from '../engine/simd/kernelModule.ts';
import { SimdMemoryError } from '../engine/simd/kernels.ts';
import { WgslUnavailableError } from '../engine/wgsl/device/device.ts';
import { defaultSettings, type RunSettings } from '../train/settings.ts';
import { createEngine, describeEngine, threadsFor, type Engines } from './engineChoice.ts';

type Backend = RunSettings['run']['backend'];

const card: EngineDescription = {
  ...{ engine: 'wgsl', backend: 'webgpu', adapter: 'apple metal-3', isSoftware: false },
  reason: 'The kernels run here.',
};
const imitated = { ...card, adapter: 'google swiftshader', isSoftware: true };
const processor: EngineDescription = {
  ...{ engine: 'simd', backend: 'wasm', adapter: 'processor', isSoftware: true },
  ...{ threads: 2, build: 'relaxed' },
  reason: 'Our own kernels run on the processor. 2 threads work.',
};

interface Browser {
  /** The graphics adapter; absent: none. */
  readonly adapter?: EngineDescription;
  /** What the engine for processors rejects with; absent: it runs. */
  readonly simd?: Error;
}

/** A browser's engines, and what was loaded of them. */
function browser({ adapter, simd }: Browser) {
  const loaded: string[] = [];
  const closed = vi.fn();
  const noAdapter = new WgslUnavailableError('The browser has no adapter.');
  const engine = (description: EngineDescription) =>
    ({ description, dispose: closed }) as unknown as PolicyEngine;
  const tfjs = (backend: EngineDescription['backend'] | undefined): EngineDescription => ({
    ...{ engine: 'tfjs', backend: backend ?? 'cpu', adapter: 'one CPU core', isSoftware: true },
    reason: 'The portable engine runs.',
  });
  const engines: Engines = {
    describeWgsl: async () => {
      if (adapter === undefined) throw noAdapter;
      return adapter;
    },
    createWgsl: async () => {
      loaded.push('wgsl');
      if (adapter === undefined) throw noAdapter;
      return engine(adapter);
    },
    createSimd: async () => {
      loaded.push('simd');
      if (simd !== undefined) throw simd;
      return engine(processor);
    },
    describeTfjs: async ({ preferredBackends }) => {
      loaded.push('tfjs');
      return tfjs(preferredBackends[0]);
    },
    createTfjs: async (_, { preferredBackends }) => {
      loaded.push('tfjs');
      return engine(tfjs(preferredBackends[0]));
    },
  };
  const settings = (backend: Backend) => ({ ...defaultSettings, run: { ...defaultSettings.run, backend } });
  return {
    engines,
    loaded,
    closed,
    describe: (backend: Backend) => describeEngine(backend, 'https://lab.example/', engines),
    create: (backend: Backend) =>
      createEngine(
        settings(backend),
        { baseUrl: 'https://lab.example/', sharedBy: 1 },
        () => undefined,
        engines,
      ),
  };
}

const noSimd = new SimdUnavailableError('This browser has no SIMD in WebAssembly.');
const noMemory = new SimdMemoryError('There is not enough memory for the engine.');
const noSharing = new SimdUnavailableError('This browser has no shared memory for WebAssembly.');

describe('the engine that runs', () => {
  it.each<[string, Browser, Backend, string]>([
    ['a graphics card', { adapter: card }, 'auto', 'wgsl webgpu'],
    ['an imitated card', { adapter: imitated }, 'auto', 'simd wasm'],
    ['no card', {}, 'auto', 'simd wasm'],
    ['no card, no SIMD', { simd: noSimd }, 'auto', 'tfjs wasm'],
    ['no card, no shared memory', { simd: noSharing }, 'auto', 'tfjs wasm'],
    ['no card, no memory', { simd: noMemory }, 'auto', 'tfjs wasm'],
    ['an imitated card, no SIMD', { adapter: imitated, simd: noSimd }, 'auto', 'tfjs wasm'],
    ['an imitated card by name', { adapter: imitated }, 'wgsl', 'wgsl webgpu'],
    ['no card by name', {}, 'wgsl', 'simd wasm'],
    ['the processor by name', { adapter: card }, 'simd', 'simd wasm'],
    ['the processor by name, without SIMD', { adapter: card, simd: noSimd }, 'simd', 'tfjs wasm'],
    ['TensorFlow.js by name', { adapter: card }, 'webgpu', 'tfjs webgpu'],
    ['TensorFlow.js in JavaScript by name', { adapter: card }, 'cpu', 'tfjs cpu'],
  ])('%s', async (_, capabilities, backend, expected) => {
    const probed = await browser(capabilities).describe(backend);
    const { engine, description } = await browser(capabilities).create(backend);
    expect(`${probed.engine} ${probed.backend}`).toBe(expected);
    expect(description, 'what was promised').toEqual(probed);
    expect(engine.description.engine).toBe(probed.engine);
  });

  it('says why nothing faster runs, in sentences', async () => {
    expect((await browser({ adapter: imitated }).describe('auto')).reason).toBe(
      'The only graphics adapter here is imitated on the processor (google swiftshader), which is slower than using the processor itself. ' +
        processor.reason,
    );
    expect((await browser({ simd: noMemory }).create('auto')).description.reason).toBe(
      'The browser has no adapter. There is not enough memory for the engine. The portable engine runs.',
    );
    expect((await browser({ adapter: card }).describe('auto')).reason).toBe(card.reason);
  });

  it('loads nothing that is not tried', async () => {
    const { create, loaded } = browser({ adapter: imitated });
    await create('auto');
    expect(loaded).toEqual(['simd']);
  });

  it('closes what it only wanted to know of', async () => {
    const { describe, closed } = browser({});
    await describe('auto');
    expect(closed).toHaveBeenCalledOnce();
  });

  it('passes a fault on: it is no reason to take another engine', async () => {
    const { engines } = browser({});
    const broken = { ...engines, createSimd: () => Promise.reject(new Error('A kernel is wrong.')) };
    await expect(describeEngine('auto', 'https://lab.example/', broken)).rejects.toThrow(
      'A kernel is wrong.',
    );
  });

  it('tells TensorFlow.js to look for no graphics card where there is none, and to take an imitated one by name', async () => {
    const described = vi.fn(async () => processor);
    const engines = { ...browser({ simd: noSimd }).engines, describeTfjs: described };
    await describeEngine('auto', 'https://lab.example/sub/', engines);
    await describeEngine('webgl', 'https://lab.example/sub/', engines);
    const wasmPath = 'https://lab.example/sub/tfjs-wasm/';
    expect(described.mock.calls).toEqual([
      [{ preferredBackends: ['wasm', 'webgl', 'cpu'], acceptSoftwareAdapter: false, wasmPath }],
      [{ preferredBackends: ['webgl', 'webgpu', 'wasm', 'cpu'], acceptSoftwareAdapter: true, wasmPath }],
    ]);
  });
});

it.each([
  [1, 1],
  [2, 2],
  [3, 2],
  [8, 7],
  [Number.NaN, 1],
])('of %d processors the engine takes %d', (processors, threads) => {
  expect(threadsFor(processors)).toBe(threads);
});

it('divides the threads by the runs that share them, at least one for each', () => {
  expect([1, 2, 3, 8].map((sharedBy) => threadsFor(8, sharedBy))).toEqual([7, 3, 2, 1]);
});
