import { describeEngineConformance } from '../conformance/conformance.ts';
import { createTfjsEngine } from './tfjsEngine.ts';

for (const backend of ['cpu', 'wasm'] as const) {
  describeEngineConformance(`tfjs on ${backend}`, (config) =>
    createTfjsEngine({ config, preferredBackends: [backend] }),
  );
}

// Many micro-batches, and a cache with room for two sequences at a time: packing and queueing must not show.
const smallest = { cells: 64, cacheNumbers: 5_000 };

describeEngineConformance('tfjs on wasm, in small pieces', (config) =>
  createTfjsEngine({ config, preferredBackends: ['wasm'], limits: smallest }),
);
