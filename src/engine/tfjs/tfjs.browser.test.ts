/**
 * TensorFlow.js's WebGPU backend. The tests' page keeps a backend once it is started, so the order counts: there is none, there is one that is
 * lost, there is one.
 */
import { afterEach, describe, expect, it } from 'vitest';
import { policyConfig } from '../../policy/config.ts';
import { initialiseTensors } from '../../policy/initialise.ts';
import { Random } from '../../random/random.ts';
import { describeWgslEngine } from '../wgsl/device/describe.ts';
import { createTfjsEngine } from './tfjsEngine.ts';

const wasmPath = new URL('/tfjs-wasm/', location.href).href;

describe('WebGPU that is not to be had, or no longer', () => {
  const config = policyConfig('micro', 12);

  const prototype = GPUAdapter.prototype;
  // oxlint-disable-next-line @typescript-eslint/unbound-method -- called with its own `this` below
  const { requestDevice } = prototype;
  afterEach(() => {
    prototype.requestDevice = requestDevice;
  });

  /** The devices that adapters hand out from now on, in this test. */
  function watchDevices(): GPUDevice[] {
    const devices: GPUDevice[] = [];
    prototype.requestDevice = async function (descriptor) {
      const device = await requestDevice.call(this, descriptor);
      devices.push(device);
      return device;
    };
    return devices;
  }

  it('says in words why WebGPU does not run', async () => {
    const { gpu } = navigator;
    const original = gpu.requestAdapter.bind(gpu);
    gpu.requestAdapter = () => Promise.resolve(null);
    const engine = await createTfjsEngine({ config, preferredBackends: ['webgpu', 'cpu'] });
    gpu.requestAdapter = original;
    expect(engine.description.backend).toBe('cpu');
    expect(engine.description.reason).toBe(
      'The browser has WebGPU but offers no adapter for it; so the portable engine runs on plain JavaScript.',
    );
    engine.dispose();
  });

  it('says in words that the device was lost, and the next engine gets a new one', async () => {
    const devices = watchDevices();
    const engine = await createTfjsEngine({ config, preferredBackends: ['webgpu'] });
    const tensors = initialiseTensors(config, new Random(1));
    await engine.loadTensors(tensors);
    devices[0]?.destroy();
    expect(await engine.lost).toMatch(/GPU device was lost/);
    engine.dispose();
    const next = await createTfjsEngine({ config, preferredBackends: ['webgpu'] });
    expect(devices.length).toBe(2);
    await next.loadTensors(tensors);
    expect((await next.readTensors()).get('model.embed_tokens.weight')).toEqual(
      tensors.get('model.embed_tokens.weight'),
    );
    next.dispose();
  });
});

describe('the choice of a backend', () => {
  const config = {
    ...policyConfig('micro', 9),
    hiddenSize: 8,
    intermediateSize: 8,
  };

  it('names the adapter of the one backend that was asked for', async () => {
    const engine = await createTfjsEngine({ config, preferredBackends: ['webgpu'] });
    expect(engine.description).toMatchObject({ engine: 'tfjs', backend: 'webgpu' });
    expect(engine.description.adapter).toMatch(/\w/);
    expect(engine.description.reason).toMatch(/WebGPU/);
    engine.dispose();
  });

  it('prefers WebAssembly to a software adapter, and says so', async () => {
    const kernels = await describeWgslEngine();
    const engine = await createTfjsEngine({ config, preferredBackends: ['webgpu', 'wasm'], wasmPath });
    expect(engine.description.backend).toBe(kernels.isSoftware ? 'wasm' : 'webgpu');
    if (kernels.isSoftware) expect(engine.description.reason).toMatch(/software.*WebAssembly/);
    engine.dispose();
  });
});
