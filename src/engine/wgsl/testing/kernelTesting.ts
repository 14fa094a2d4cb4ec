/**
 * What the kernel tests share: a harness for each tuning, and a context for the dispatch builders.
 *
 * Every topic is run in both tunings, with barriers shared by lanes (GPU) and one thread a row (CPU rasteriser).
 */
import { afterAll, beforeAll, describe } from 'vitest';
import type { PolicyConfig } from '../../../policy/config.ts';
import { Random } from '../../../random/random.ts';
import { openDevice, type Tuning } from '../device/device.ts';
import { KernelHarness } from '../kernels/kernelHarness.ts';
import { gpuSharingKernels } from './sharedKernels.ts';
import type { ModelContext } from '../model/modelContext.ts';
import type { Numbers } from '../../testing/oracle.ts';
import { parameterLayout } from '../../layout/parameterLayout.ts';

export interface KernelTopic {
  readonly tuning: Tuning;
  /** Of a device that is opened before the first test and closed after the last. */
  readonly harness: () => KernelHarness;
  readonly random: Random;
  readonly normal: (length: number) => Float32Array<ArrayBuffer>;
  readonly context: (
    config: PolicyConfig,
    splits: number,
    buffer: ModelContext['buffer'],
    uniform: ModelContext['uniform'],
  ) => ModelContext;
}

export function describeKernels(
  name: string,
  tests: (topic: KernelTopic) => void,
  tunings: readonly Tuning[] = ['software', 'gpu'],
): void {
  describe.each(tunings)(`${name}, tuned for %s`, (tuning) => {
    let harness: KernelHarness | undefined;
    beforeAll(async () => {
      harness = new KernelHarness(await openDevice(gpuSharingKernels, tuning));
    });
    afterAll(() => {
      harness?.gpu.destroy();
    });
    const random = new Random(name);
    tests({
      tuning,
      harness: () => {
        if (!harness) throw new Error('The device is not open yet.');
        return harness;
      },
      random,
      normal: (length) => Float32Array.from({ length }, () => random.normal()),
      context: (config, splits, buffer, uniform) => ({
        config,
        layout: parameterLayout(config),
        capacity: 64,
        splits,
        isSoftware: tuning !== 'gpu',
        subgroupLanes: harness?.gpu.subgroupLanes ?? 0,
        buffer,
        uniform,
      }),
    });
  });
}

/** The sum over gradient partials of `length` values at `offset`. // [length] */
export function sumPartials(
  gradientPartials: Numbers | undefined,
  place: { readonly splits: number; readonly stride: number; readonly offset: number },
  length: number,
): Float64Array {
  return Float64Array.from({ length }, (_, i) => {
    let total = 0;
    for (let s = 0; s < place.splits; s++) total += gradientPartials![s * place.stride + place.offset + i]!;
    return total;
  });
}
