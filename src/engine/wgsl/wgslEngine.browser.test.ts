/** The shared conformance suite on the hand-written kernels. */
import { describeEngineConformance } from '../conformance/conformance.ts';
import { createWgslEngine } from './wgslEngine.ts';

describeEngineConformance('wgsl', (config) => createWgslEngine({ config }));
