/**
 * A small speed test in its own worker, as the page runs it: it really measures both engines on the adapter at hand.
 */
import { expect, test } from 'vitest';
import { openDevice } from '../engine/wgsl/device/device.ts';
import { gpuVariants, softwareVariants, subgroupVariants } from '../bench/matmulKernel.ts';
import { matmulError } from '../bench/peaks.ts';
import type { BenchReport, FromSpeedTest, ToSpeedTest } from './speedTestProtocol.ts';

function run(message: ToSpeedTest): Promise<{ report: BenchReport; markdown: string; stages: string[] }> {
  return new Promise((resolve, reject) => {
    const worker = new Worker(new URL('./speedTest.worker.ts', import.meta.url), { type: 'module' });
    const stages: string[] = [];
    let found: { report: BenchReport; markdown: string } | null = null;
    worker.onmessage = ({ data }: MessageEvent<FromSpeedTest>) => {
      switch (data.type) {
        case 'progress':
          stages.push(data.doing);
          return;
        case 'report':
          found = data;
          return;
        case 'done':
          worker.terminate();
          if (found) resolve({ ...found, stages });
          else reject(new Error('No report.'));
          return;
        case 'failed':
          worker.terminate();
          reject(new Error(data.message));
          return;
      }
    };
    worker.onerror = ({ message }) => reject(new Error(message));
    worker.postMessage(message);
  });
}

test('both engines are measured and do the same work', { timeout: 300_000 }, async () => {
  const { report, markdown, stages } = await run({
    type: 'start',
    presets: ['micro'],
    works: ['sft', 'rollout'],
    secondsPerCell: 0.5,
    sequences: 2, // TensorFlow.js compiles its shaders anew for every size, and a software adapter takes a second for each
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

test('every matmul kernel of the yardstick is right', async () => {
  const gpu = await openDevice(navigator.gpu);
  for (const variant of [...gpuVariants, ...softwareVariants]) {
    expect(await matmulError(gpu, variant, 128)).toBeLessThan(1e-5);
  }
  gpu.destroy();
  const withSubgroups = await openDevice(navigator.gpu, 'software-subgroups');
  expect(withSubgroups.subgroupLanes).toBeGreaterThan(1);
  for (const variant of subgroupVariants(withSubgroups.subgroupLanes)) {
    expect(await matmulError(withSubgroups, variant, 128)).toBeLessThan(1e-5);
  }
  withSubgroups.destroy();
});

test('a worker that cannot measure says why', async () => {
  const failure = run({
    type: 'start',
    presets: ['absent' as 'micro'],
    works: ['sft'],
    secondsPerCell: 0.5,
    date: '',
    host: '',
    versions: {},
  });
  await expect(failure).rejects.toThrow('no preset “absent”');
});
