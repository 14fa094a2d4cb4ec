/** The shared conformance suite on the hand-written kernels, in both variants: for a CPU rasteriser and for a GPU. */
import { describeEngineConformance } from '../conformance/conformance.ts';
import { createWgslEngine } from './wgslEngine.ts';

describeEngineConformance('wgsl', (config) => createWgslEngine({ config, tuning: 'software' }));
describeEngineConformance('wgsl, tuned for a GPU', (config) => createWgslEngine({ config, tuning: 'gpu' }));
