/**
 * The speed test in its own worker, as the page runs it: it really measures both engines on the adapter at hand. One to three minutes on a
 * software adapter, nearly all of it TensorFlow.js compiling shaders, so a part of `npm run test:peers`.
 */
import { expect, test } from 'vitest';
import { runSpeedTest } from './testing/runSpeedTest.ts';

test('both engines are measured and do the same work', { timeout: 300_000 }, async () => {
  const { report, markdown, stages } = await runSpeedTest({
    type: 'start',
    presets: ['micro'],
    works: ['sft', 'rollout'],
    secondsPerCell: 0.5,
    sequences: 16, // TensorFlow.js in its simplest form takes half a minute for 64 on a software adapter
    date: new Date().toISOString(),
    host: 'a test',
    versions: { 'aster-lab': 'test' },
  });
  expect(report.complete).toBe(true);
  expect(report.adapter).not.toBe('');
  expect(report.notes.some((note) => note.includes('TensorFlow.js could not'))).toBe(false);
  expect(stages).toContain('micro, SFT: warming up tfjs');
  expect(report.cells.map(({ work }) => work)).toEqual(['sft', 'rollout']);
  for (const { work, wgsl, tfjs, ratio, disagreement, wgslShares, tokens } of report.cells) {
    if (!tfjs || !ratio || disagreement === null) throw new Error('tfjs was not measured.');
    expect(tokens).toBeGreaterThan(30);
    expect(ratio.median).toBeGreaterThan(0);
    expect(disagreement).toBeLessThan(work === 'sft' ? 1e-3 : 0.1);
    expect(wgsl.counts.objectsCreated).toBe(0);
    expect(tfjs.counts.dispatches).toBeGreaterThan(wgsl.counts.dispatches);
    expect(wgslShares.copy).toBeGreaterThan(0);
    expect(wgslShares.copy).toBeLessThan(1);
    // A median of two samples' speeds is not the speed of their median, but it lies between theirs.
    const { low, high } = tfjs.milliseconds;
    expect(tfjs.tokensPerSecond.median).toBeGreaterThanOrEqual((tokens / high) * 1000 - 1e-6);
    expect(tfjs.tokensPerSecond.median).toBeLessThanOrEqual((tokens / low) * 1000 + 1e-6);
  }
  const [training] = report.cells;
  expect(training?.wgsl.counts.submits).toBe(1);
  expect(training?.wgsl.counts.bytesReadBack).toBeGreaterThan(0);
  // One sample on a busy machine says nothing about who needs less JavaScript, only that it was measured.
  for (const engine of [training?.wgsl, training?.tfjs]) {
    expect(engine?.jsMilliseconds?.median).toBeGreaterThan(0);
    expect(engine?.jsMilliseconds?.median).toBeLessThanOrEqual(engine?.milliseconds.high ?? 0);
  }
  expect(training?.wgslShares.matmul).toBeGreaterThan(0);
  expect(training?.wgslShares.matmul).toBeLessThan(1);
  expect(report.matmul.perSecond.median).toBeGreaterThan(1e7); // a millionth of a large GPU would still pass
  expect(report.copy.perSecond.median).toBeGreaterThan(1e7);
  expect(markdown).toContain('micro, SFT step');
});
