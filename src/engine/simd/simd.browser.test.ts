/** The SIMD engine in a browser: the suite in brief, and threads where the page is cross-origin isolated. */
import { expect, test } from 'vitest';
import { policyConfig } from '../../policy/config.ts';
import { describeEngineConformance } from '../conformance/conformance.ts';
import { createSimdEngine } from './simdEngine.ts';

describeEngineConformance('simd', (config) => createSimdEngine({ config, threads: 2 }), 'brief');

test('two threads where memory can be shared, one and a sentence elsewhere', async () => {
  const engine = await createSimdEngine({ config: policyConfig('micro', 23), threads: 2 });
  const { adapter, reason } = engine.description;
  if (globalThis.crossOriginIsolated) expect(adapter).toContain('2 threads');
  else expect(reason).toContain('cross-origin isolated');
  engine.dispose();
});
