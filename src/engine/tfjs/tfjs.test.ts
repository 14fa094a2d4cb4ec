import { describe } from 'vitest';
import { describeNumerics } from '../conformance/numerics.ts';
import { createTfjsEngine } from './tfjsEngine.ts';

describe.each(['cpu', 'wasm'] as const)('tfjs on %s', (backend) => {
  describeNumerics((config) => createTfjsEngine({ config, preferredBackends: [backend] }));
});
