/** The shared conformance suite on both builds of the SIMD engine. */
import { describeEngineConformance } from '../conformance/conformance.ts';
import { createSimdEngine } from './simdEngine.ts';

describeEngineConformance('simd, relaxed', (config) => createSimdEngine({ config, build: 'relaxed' }));
describeEngineConformance('simd, plain', (config) => createSimdEngine({ config, build: 'plain' }));
