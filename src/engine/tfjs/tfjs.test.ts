import { describeEngineConformance } from '../conformance/conformance.ts';
import { createTfjsEngine } from './tfjsEngine.ts';

describeEngineConformance('tfjs on wasm', (config) =>
  createTfjsEngine({ config, preferredBackends: ['wasm'] }),
);

// The same code over tfjs's own JavaScript; in full in tfjs.peer.test.ts.
describeEngineConformance(
  'tfjs on cpu',
  (config) => createTfjsEngine({ config, preferredBackends: ['cpu'] }),
  'brief',
);

// Many micro-batches, and a cache with room for two sequences at a time: packing and queueing must not show.
const smallest = { cells: 64, cacheNumbers: 5_000 };

describeEngineConformance('tfjs on wasm, in small pieces', (config) =>
  createTfjsEngine({ config, preferredBackends: ['wasm'], limits: smallest }),
);
