import { describeEngineConformance } from '../conformance/conformance.ts';
import { createTfjsEngine } from './tfjsEngine.ts';

for (const backend of ['cpu', 'wasm'] as const) {
  describeEngineConformance(`tfjs on ${backend}`, (config) =>
    createTfjsEngine({ config, preferredBackends: [backend] }),
  );
}

describeEngineConformance("tfjs on wasm, along the GPUs' path", (config) =>
  createTfjsEngine({ config, preferredBackends: ['wasm'], attentionOnHost: false }),
);

// Many micro-batches, and a cache with room for two sequences at a time: packing and queueing must not show.
const smallest = { tokens: 64, attentionScores: 20_000, cacheNumbers: 5_000 };

describeEngineConformance('tfjs on wasm, in small pieces', (config) =>
  createTfjsEngine({ config, preferredBackends: ['wasm'], limits: smallest }),
);

describeEngineConformance("tfjs on wasm, along the GPUs' path in small pieces", (config) =>
  createTfjsEngine({ config, preferredBackends: ['wasm'], limits: smallest, attentionOnHost: false }),
);
