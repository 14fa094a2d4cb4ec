import { describe, expect, test } from 'vitest';
import { policyConfig } from '../../../policy/config.ts';
import { totalBytes, trainingBuffers } from './bufferSizes.ts';
import {
  capacityFor,
  checkMemory,
  largestMicroBatch,
  MAX_SUBMITS,
  memoryPlan,
  MemoryPlanError,
  rolloutShape,
  trainingShape,
  type DeviceLimits,
} from './memoryPlan.ts';
import { groupByCapacity } from '../../layout/packing.ts';

const limits: DeviceLimits = {
  adapter: {
    maxBufferSize: 2 ** 28,
    maxStorageBufferBindingSize: 2 ** 27,
    maxComputeWorkgroupsPerDimension: 65535,
  },
  isSoftware: false,
};
const needs = { context: 384, rows: 256 * 225, slots: 512 };

test('capacities come in few sizes', () => {
  expect([1, 64, 65, 97, 200, 5000].map(capacityFor)).toEqual([64, 64, 96, 128, 256, 6144]);
});

test('refuses with numbers', () => {
  const sizes = trainingBuffers(policyConfig('mini', 62), { rows: 1024, uploads: 1 });
  expect(() => {
    checkMemory('This', sizes, { ...limits, budget: totalBytes(sizes) });
  }).not.toThrow();
  expect(() => {
    checkMemory('This', sizes, { ...limits, budget: totalBytes(sizes) - 1 });
  }).toThrow(MemoryPlanError);
  expect(() => {
    checkMemory('This', sizes, { ...limits, adapter: { ...limits.adapter, maxBufferSize: 1000 } });
  }).toThrow(/allows/);
});

describe.each(['mini', 'nano', 'small'] as const)('%s', (preset) => {
  const config = policyConfig(preset, 72);

  /** The recipe's batches: 32 SFT trajectories, 64 x 8 / 2 GRPO trajectories; lengths as they come. */
  test.each([
    { sequences: 32, shortest: 130, longest: 350 },
    { sequences: 256, shortest: 100, longest: 350 },
    { sequences: 256, shortest: 350, longest: 350 },
  ])('$sequences trajectories of $shortest to $longest tokens fit the submits of a step', (batch) => {
    const { sequences, shortest, longest } = batch;
    const lengths = Array.from(
      { length: sequences },
      (_, i) => shortest + ((i * 97) % (longest - shortest + 1)),
    );
    const rows = lengths.reduce((a, b) => a + b, 0);
    const shape = trainingShape(config, { rows, longest: Math.max(...lengths) }, limits);
    const groups = groupByCapacity(lengths, Math.min(shape.rows, largestMicroBatch(config, limits)));
    expect(Math.ceil(groups.length / MAX_SUBMITS)).toBeLessThanOrEqual(shape.uploads);
    expect(trainingShape(config, { rows, longest }, { ...limits, isSoftware: true }).uploads).toBe(1);
  });

  test('where there is room, a larger run never plans for less', () => {
    const adapter = { ...limits.adapter, maxBufferSize: 2 ** 34, maxStorageBufferBindingSize: 2 ** 34 };
    const roomy = { ...limits, adapter, budget: 2 ** 36 };
    const before = memoryPlan(config, needs, roomy);
    expect(before.total).toBe(before.parameters + before.training + before.rollout);
    for (const more of [{ context: 800 }, { rows: 2 * needs.rows }, { slots: 700 }]) {
      expect(memoryPlan(config, { ...needs, ...more }, roomy).total).toBeGreaterThanOrEqual(before.total);
    }
  });
});

test('fewer slots where memory is short, and words where not one fits', () => {
  const config = policyConfig('small', 72);
  const wanted = { sequences: 1024, context: 800 };
  const { slots, positions } = rolloutShape(config, wanted, limits);
  expect(positions).toBe(1024);
  expect(slots).toBeGreaterThan(0);
  expect(slots).toBeLessThan(1024);
  expect(() => rolloutShape(config, wanted, { ...limits, budget: 2 ** 20 })).toThrow(MemoryPlanError);
  expect(() => memoryPlan(config, needs, { ...limits, budget: 2 ** 24 })).toThrow(/needs .* MB/);
});
