/**
 * The numerics gate before matrix products go through subgroups: both kernels make the same products here, now, and must agree.
 *
 * Invariant: where they do not agree, or the subgroup kernel does not compile, the plain one is taken and the run is none the worse.
 */
import { policyConfig } from '../../policy/config.ts';
import { Random } from '../../random/random.ts';
import type { Gpu } from './device.ts';
import { DeviceFault } from './device.ts';
import { KernelHarness } from './kernelHarness.ts';
import type { KernelLibrary } from './kernels.ts';
import { matmul } from './modelContext.ts';
import { parameterLayout } from './parameterLayout.ts';

/** Multiples of four, as the kernels want them, that leave rows and columns over. */
const [m, n, k] = [36, 44, 28];
/** Largest difference allowed, relative to the largest entry: what another order of a float32 sum can make. */
const tolerance = 1e-5;

/** `gpu`, with subgroups in matrix products only if their kernel is right here. */
export async function gatedSubgroups(gpu: Gpu, library: KernelLibrary): Promise<Gpu> {
  if (gpu.matmulLanes === 0) return gpu;
  const plain = { ...gpu, matmulLanes: 0 };
  try {
    const [want, got] = [await products(plain, library), await products(gpu, library)];
    return want.every((product, i) => agrees(product, got[i] ?? new Float32Array())) ? gpu : plain;
  } catch (error) {
    if (error instanceof DeviceFault) return plain;
    throw error;
  }
}

/** One product of each form, of the same random matrices. */
async function products(gpu: Gpu, library: KernelLibrary): Promise<readonly Float32Array[]> {
  const random = new Random('subgroup gate');
  const matrix = (length: number) => Float32Array.from({ length }, () => random.normal());
  const harness = new KernelHarness(gpu, library);
  const layout = parameterLayout(policyConfig('micro', 5));
  const product = async (
    form: 'NT' | 'NN' | 'TN',
    a: Float32Array<ArrayBuffer>,
    b: Float32Array<ArrayBuffer>,
  ) => {
    const rows = form === 'TN' ? k : m;
    const { out } = await harness.run({ a, b, out: new Float32Array(m * n) }, { rows }, (buffer, uniform) => [
      matmul(
        { buffer, uniform, slots: 1, layout, matmulLanes: gpu.matmulLanes },
        form,
        { a: buffer('a'), b: buffer('b'), out: buffer('out') },
        { m, n, k, strideA: form === 'TN' ? m : k },
      ),
    ]);
    return out ?? new Float32Array();
  };
  return [
    await product('NT', matrix(m * k), matrix(n * k)),
    await product('NN', matrix(m * k), matrix(k * n)),
    await product('TN', matrix(k * m), matrix(k * n)),
  ];
}

/** Compared entry by entry; NaN agrees with nothing. */
function agrees(want: Float32Array, got: Float32Array): boolean {
  const largest = want.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
  return (
    want.length === got.length && want.every((x, i) => Math.abs(x - (got[i] ?? NaN)) <= tolerance * largest)
  );
}
