/**
 * The speed test's yardstick, and its worker where it cannot measure; a whole measurement is speedTest.peer.test.ts.
 */
import { expect, test } from 'vitest';
import { openDevice } from '../engine/wgsl/device/device.ts';
import { gpuVariants, softwareVariants, subgroupVariants } from '../bench/matmulKernel.ts';
import { matmulError } from '../bench/peaks.ts';
import { runSpeedTest } from './testing/runSpeedTest.ts';

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
  const failure = runSpeedTest({
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
