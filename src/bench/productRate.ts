/**
 * What one thread of this processor can do at best with our SIMD: the rate of the engine's own product kernel, in f32.
 *
 * The best of several shapes counts, those of `small` among them, all of a size that the second-level cache holds.
 */
import { bestBuild, kernelModule, type KernelBuild } from '../engine/simd/kernelModule.ts';
import { Kernels } from '../engine/simd/kernels.ts';
import type { Now } from './measure.ts';

const shapes = [
  { m: 256, n: 224, k: 224 },
  { m: 256, n: 608, k: 224 },
  { m: 256, n: 224, k: 608 },
  { m: 64, n: 64, k: 256 },
  { m: 256, n: 256, k: 256 },
] as const;

export interface ProductRate {
  readonly build: KernelBuild;
  /** In words: which shape. */
  readonly shape: string;
  /** Operations a second, over about `milliseconds`. */
  sample(milliseconds: number): number;
}

export async function openProductRate(now: Now): Promise<ProductRate> {
  const build = bestBuild();
  const kernels = await Kernels.instantiate(await kernelModule(build));
  const { call } = kernels;
  const products = shapes.map(({ m, n, k }) => {
    const room = (count: number) => kernels.allocate(count, 'the speed test');
    const [a, b, panels, c] = [room(m * k), room(n * k), room(call.panelFloats(n, k)), room(m * n)] as const;
    kernels.f32(a, m * k).fill(0.5);
    kernels.f32(b, n * k).fill(0.25);
    call.packColumns(b, k * 4, panels, n, k);
    const sample = (milliseconds: number) => {
      const start = now();
      let runs = 0;
      do {
        for (let i = 0; i < 8; i++) call.product(a, k * 4, panels, k * 32, c, n * 4, 0, m, n, k);
        runs += 8;
      } while (now() - start < milliseconds);
      return (2 * m * n * k * runs) / ((now() - start) / 1000);
    };
    return { shape: `${m} x ${n} x ${k}`, sample };
  });
  // Taken three times and the best kept, so that another process's moment does not choose the shape.
  for (const { sample } of products) sample(20);
  const rated = products.map((product) => ({
    ...product,
    rate: Math.max(...[0, 1, 2].map(() => product.sample(30))),
  }));
  const best = rated.reduce((a, b) => (b.rate > a.rate ? b : a));
  return { build, shape: best.shape, sample: best.sample };
}
