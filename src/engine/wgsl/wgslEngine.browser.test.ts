/** The shared conformance suite on the hand-written kernels, in each variant: for a CPU rasteriser, with subgroups, and for a GPU. */
import { describeEngineConformance } from '../conformance/conformance.ts';
import { gpuSharingKernels } from './testing/sharedKernels.ts';
import { createWgslEngine } from './wgslEngine.ts';

describeEngineConformance('wgsl', (config) =>
  createWgslEngine({ config, gpu: gpuSharingKernels, tuning: 'software' }),
);
describeEngineConformance('wgsl, tuned for a GPU', (config) =>
  createWgslEngine({ config, gpu: gpuSharingKernels, tuning: 'gpu' }),
);
// Only the matrix products differ, and they have tests of their own.
describeEngineConformance(
  'wgsl, with subgroups',
  (config) => createWgslEngine({ config, gpu: gpuSharingKernels, tuning: 'software-subgroups' }),
  'brief',
);
