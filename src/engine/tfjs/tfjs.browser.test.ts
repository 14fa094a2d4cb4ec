import { describe, expect, it } from 'vitest';
import { describeEngineConformance } from '../conformance/conformance.ts';
import type { TfjsBackendName } from './backend.ts';
import { createTfjsEngine } from './tfjsEngine.ts';

const wasmPath = new URL('/tfjs-wasm/', location.href).href;

// One preferred backend and no other: where it does not start, its suite fails, it is not skipped.
for (const backend of ['webgpu', 'wasm', 'webgl'] as const satisfies readonly TfjsBackendName[]) {
  describeEngineConformance(`tfjs on ${backend} in the browser`, (config) =>
    createTfjsEngine({ config, preferredBackends: [backend], wasmPath }),
  );
}

describe('the description of what runs', () => {
  const config = { hiddenSize: 8, layers: 1, heads: 1, kvHeads: 1, headDim: 8, intermediateSize: 8 };
  const rest = { vocabularySize: 9, rmsNormEps: 1e-6, ropeTheta: 1e4, tieWordEmbeddings: true };

  it('names the adapter', async () => {
    const engine = await createTfjsEngine({ config: { ...config, ...rest }, preferredBackends: ['webgpu'] });
    expect(engine.description).toMatchObject({ engine: 'tfjs', backend: 'webgpu' });
    expect(engine.description.adapter).toMatch(/\w/);
    expect(engine.description.reason).toMatch(/WebGPU/);
    engine.dispose();
  });

  it('says why the first choice does not run', async () => {
    const engine = await createTfjsEngine({
      config: { ...config, ...rest },
      preferredBackends: ['wasm', 'cpu'], // and no wasmPath
      ...(wasmPath === '' ? { wasmPath } : {}),
    });
    expect(engine.description.backend).toMatch(/wasm|cpu/);
    engine.dispose();
  });
});
