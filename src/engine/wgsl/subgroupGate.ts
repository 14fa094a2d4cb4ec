/**
 * The numerics gate before kernels go through subgroups: with and without them the same products and the same attention are computed here,
 * now, and must agree.
 *
 * Invariant: where they do not agree, or a subgroup kernel does not compile, the plain ones are taken and the run is none the worse.
 */
import type { PolicyConfig } from '../../policy/config.ts';
import { Random } from '../../random/random.ts';
import type { Gpu } from './device/device.ts';
import { DeviceFault } from './device/device.ts';
import { KernelHarness } from './kernels/kernelHarness.ts';
import type { KernelLibrary } from './kernels/kernels.ts';
import { attentionGradient } from './model/modelBackward.ts';
import { matmul, type ModelContext } from './model/modelContext.ts';
import { packedAttention } from './model/modelForward.ts';
import { packSequences } from '../layout/packing.ts';
import { parameterLayout } from '../layout/parameterLayout.ts';

/** Multiples of four, as the kernels want them, that leave rows and columns over. */
const [m, n, k] = [36, 44, 28];
/** Packed segments: one that ends inside a subgroup, one of a single token, one over several subgroups. */
const segments = [5, 1, 23];
/** Largest difference allowed, relative to the largest entry: what another order of float32 sums can make. */
const tolerance = 2e-5;

/** `gpu`, with subgroups only if the kernels of `config` are right with them here. */
export async function gatedSubgroups(gpu: Gpu, library: KernelLibrary, config: PolicyConfig): Promise<Gpu> {
  if (gpu.subgroupLanes === 0) return gpu;
  const plain = { ...gpu, subgroupLanes: 0 };
  const results = async (one: Gpu) => [
    ...(await products(one, library, config)),
    ...(await attention(one, library, config)),
  ];
  try {
    const [want, got] = [await results(plain), await results(gpu)];
    return want.every((values, i) => agrees(values, got[i])) ? gpu : plain;
  } catch (error) {
    if (error instanceof DeviceFault) return plain;
    throw error;
  }
}

/** One product of each form, of the same random matrices. */
async function products(gpu: Gpu, library: KernelLibrary, config: PolicyConfig) {
  const random = new Random('subgroup gate, products');
  const matrix = (length: number) => Float32Array.from({ length }, () => random.normal());
  const layout = parameterLayout(config);
  const harness = new KernelHarness(gpu, library);
  const product = async (
    form: 'NT' | 'NN' | 'TN',
    a: Float32Array<ArrayBuffer>,
    b: Float32Array<ArrayBuffer>,
  ) => {
    const rows = form === 'TN' ? k : m;
    const { out } = await harness.run({ a, b, out: new Float32Array(m * n) }, { rows }, (buffer, uniform) => [
      matmul(
        { buffer, uniform, splits: 1, layout, subgroupLanes: gpu.subgroupLanes },
        form,
        { a: buffer('a'), b: buffer('b'), out: buffer('out') },
        { m, n, k, strideA: form === 'TN' ? m : k },
      ),
    ]);
    return out;
  };
  return [
    await product('NT', matrix(m * k), matrix(n * k)),
    await product('NN', matrix(m * k), matrix(k * n)),
    await product('TN', matrix(k * m), matrix(k * n)),
  ];
}

/** Attention over packed segments, and its gradient. */
async function attention(gpu: Gpu, library: KernelLibrary, config: PolicyConfig) {
  const random = new Random('subgroup gate, attention');
  const { heads, kvHeads, headDim } = config;
  const sequences = segments.map((length) => ({ tokens: new Int32Array(length) }));
  const { rows, tokens } = packSequences(sequences, [...sequences.keys()], config.vocabularySize);
  const values = (width: number) => Float32Array.from({ length: rows * width }, () => random.normal());
  const zeros = (width: number) => new Float32Array(rows * width);
  const storage = {
    tokens,
    'layer0.qk': values((heads + kvHeads) * headDim),
    'layer0.qkv': values((heads + 2 * kvHeads) * headDim),
    dAttended: values(heads * headDim),
    'layer0.attended': zeros(heads * headDim),
    'layer0.logSumExp': zeros(heads),
    delta: zeros(heads),
    dQkv: zeros((heads + 2 * kvHeads) * headDim),
  };
  const harness = new KernelHarness(gpu, library);
  const out = await harness.run(storage, { rows }, (buffer, uniform) => {
    const c: ModelContext = {
      config,
      layout: parameterLayout(config),
      capacity: rows,
      splits: 1,
      buffer,
      uniform,
      isSoftware: gpu.isSoftware,
      subgroupLanes: gpu.subgroupLanes,
    };
    return [packedAttention(c, 0), ...attentionGradient(c, 0)];
  });
  return [out['layer0.attended'], out['layer0.logSumExp'], out['dQkv']];
}

/** Compared entry by entry; NaN agrees with nothing. */
function agrees(want: Float32Array | undefined, got: Float32Array | undefined): boolean {
  if (!want || want.length !== got?.length) return false;
  const largest = want.reduce((max, x) => Math.max(max, Math.abs(x)), 0);
  return want.every((x, i) => Math.abs(x - got[i]!) <= tolerance * largest);
}
