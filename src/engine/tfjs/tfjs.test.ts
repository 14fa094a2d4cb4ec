import { describeEngineConformance } from '../conformance/conformance.ts';
import { createTfjsEngine } from './tfjsEngine.ts';

for (const backend of ['cpu', 'wasm'] as const) {
  describeEngineConformance(`tfjs on ${backend}`, (config) =>
    createTfjsEngine({ config, preferredBackends: [backend] }),
  );
}
