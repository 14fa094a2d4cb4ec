/**
 * The conformance suite on TensorFlow.js's backends in a browser, where WebGPU and WebGL are SwiftShader's: minutes, for code that is
 * not ours, and in full on tfjs's own JavaScript. `npm run test:peers`; WebAssembly in Node is a part of `npm test` (tfjs.test.ts).
 */
import { describeEngineConformance } from '../conformance/conformance.ts';
import { createTfjsEngine } from './tfjsEngine.ts';

const wasmPath = new URL('/tfjs-wasm/', location.href).href;

// One preferred backend and no other: where it does not start, its suite fails, it is not skipped.
const extents = { webgpu: 'brief', wasm: 'full', webgl: 'brief', cpu: 'full' } as const;
for (const backend of ['webgpu', 'wasm', 'webgl', 'cpu'] as const) {
  describeEngineConformance(
    `tfjs on ${backend} in the browser`,
    (config) => createTfjsEngine({ config, preferredBackends: [backend], wasmPath }),
    extents[backend],
  );
}
