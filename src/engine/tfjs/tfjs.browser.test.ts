import { describe, expect, it } from 'vitest';
import { policyConfig } from '../../policy/config.ts';
import { describeWgslEngine } from '../wgsl/device/describe.ts';
import { createTfjsEngine } from './tfjsEngine.ts';

const wasmPath = new URL('/tfjs-wasm/', location.href).href;

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
