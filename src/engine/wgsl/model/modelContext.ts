/**
 * What every list of dispatches is made from: the context that names buffers, ranges of the flat buffers, the matmul,
 * and the constants that kernels share.
 */
import type { PolicyConfig } from '../../../policy/config.ts';
import type { Binding, DispatchSpec } from '../kernels/dispatchList.ts';
import { widths } from '../memory/bufferSizes.ts';
import type { KernelSpec } from '../kernels/kernels.ts';
import type { GroupPlace, LayerGroups, ParameterLayout } from '../../layout/parameterLayout.ts';

export interface ModelContext {
  readonly config: PolicyConfig;
  readonly layout: ParameterLayout;
  /** Rows the plan can hold: matmul tiles are chosen for it. */
  readonly capacity: number;
  /** Parts that the tokens of a weight gradient are split into (split-K); each sums into a partial of `layout.size` floats. */
  readonly splits: number;
  /** A buffer of the plan by name; throws if there is none. */
  buffer(name: string): GPUBuffer;
  /** Words in a uniform of their own, written once. */
  uniform(words: readonly number[]): GPUBufferBinding;
  /** The adapter is a CPU rasteriser. */
  readonly isSoftware: boolean;
  /** Lanes of a subgroup where kernels use them, 0 where they do not (`Gpu.subgroupLanes`). */
  readonly subgroupLanes: number;
}

type MatmulForm = 'NT' | 'NN' | 'TN';

/** A bound range of a flat buffer. */
function range(buffer: GPUBuffer, place: GroupPlace): GPUBufferBinding {
  return { buffer, offset: place.offset * 4, size: place.size * 4 };
}

export const weights = (c: ModelContext, place: GroupPlace) => range(c.buffer('parameters'), place);

/** The tensor's range in every gradient partial: from its offset in the first to the end of the buffer. */
export const gradientPartials = (c: ModelContext, place: GroupPlace): GPUBufferBinding => ({
  buffer: c.buffer('gradientPartials'),
  offset: place.offset * 4,
});

interface MatmulSize {
  readonly m?: number;
  readonly n: number;
  readonly k?: number;
  readonly strideA?: number;
  readonly strideC?: number;
}

/** NT, NN: C[rows, n] from A[rows, k]. TN: C[m, n] summed over rows, into the gradient partials. */
export function matmul(
  c: Pick<ModelContext, 'buffer' | 'uniform' | 'splits' | 'layout' | 'subgroupLanes'>,
  form: MatmulForm,
  operands: { a: Binding; b: Binding; out: Binding; residual?: Binding },
  size: MatmulSize,
): DispatchSpec {
  const gradient = form === 'TN';
  const { residual } = operands;
  const { m = 0, n, k = 0 } = size;
  const strideA = size.strideA ?? (gradient ? m : k);
  const strideC = size.strideC ?? n;
  const wide = strideA % 4 === 0 && strideC % 4 === 0 && (form === 'NT' ? k : n) % 4 === 0;
  const forms = { FORM_NT: form === 'NT', FORM_NN: form === 'NN', FORM_TN: gradient };
  const { kernel, grid } = matmulKernel(wide ? (c.subgroupLanes > 0 ? 'subgroup' : 'registers') : 'tiled', {
    rows: gradient ? m : undefined,
    n,
    lanes: c.subgroupLanes,
  });
  return {
    kernel: {
      file: kernel.file,
      constants: { ...forms, RESIDUAL: residual !== undefined, ...kernel.constants },
    },
    bindings: {
      a: operands.a,
      b: operands.b,
      c: operands.out,
      ...(residual ? { residual } : {}),
      batch: c.buffer('batch'),
      dims: c.uniform([m, n, k, c.layout.size, strideA, strideC, 0, 0]),
    },
    ...grid,
    z: gradient ? c.splits : 1,
  };
}

/** File, own constants and grid of a product's kernel. `rows` is undefined where the batch's rows decide. */
function matmulKernel(
  kind: 'registers' | 'subgroup' | 'tiled',
  { rows, n, lanes }: { rows: number | undefined; n: number; lanes: number },
): { kernel: KernelSpec; grid: Pick<DispatchSpec, 'x' | 'y'> } {
  switch (kind) {
    case 'registers': {
      const octets = Math.ceil(n / 8);
      const x =
        rows === undefined
          ? { perRow: octets, rowsPerUnit: 4, groupSize: 64 }
          : Math.ceil((Math.ceil(rows / 4) * octets) / 64);
      return { kernel: { file: 'matmul.wgsl', constants: {} }, grid: { x } };
    }
    case 'subgroup': {
      // Four subgroups side by side where that leaves no columns over; one otherwise.
      const threads = n % (8 * lanes) === 0 ? 4 * lanes : lanes;
      const x = rows === undefined ? { perRow: 1, groupSize: 2 * lanes } : Math.ceil(rows / (2 * lanes));
      return {
        kernel: { file: 'matmulSubgroup.wgsl', constants: { LANES: lanes, THREADS: threads } },
        grid: { x, y: Math.ceil(n / (2 * threads)) },
      };
    }
    case 'tiled': {
      const tile = 32;
      const x = rows === undefined ? { perRow: 1, groupSize: tile } : Math.ceil(rows / tile);
      return {
        kernel: {
          file: 'matmulAnyWidth.wgsl',
          constants: { THREADS_X: tile / 4, THREADS_Y: tile / 4, TILE_K: 16 },
        },
        grid: { x, y: Math.ceil(n / tile) },
      };
    }
  }
}

/** Threads that share a row's sum. A barrier costs a CPU rasteriser more than the sum itself. */
export const lanesFor = (c: ModelContext) => (c.isSoftware ? 1 : 16);

/** The same for a column's sum over tokens. */
export function columnConstants(c: ModelContext) {
  return c.isSoftware
    ? { COLUMNS: 16, LANES: 1, SHARED_COLUMNS: false }
    : { COLUMNS: 32, LANES: 8, SHARED_COLUMNS: true };
}

export function headConstants(config: PolicyConfig) {
  return {
    HEADS: config.heads,
    KV_HEADS: config.kvHeads,
    HEAD_DIM: config.headDim,
  };
}

/** Channels of a head are read as vec4s, or vec2s where headDim is no multiple of 4. */
export function chunkConstants(config: PolicyConfig) {
  const wide = config.headDim % 4 === 0;
  return {
    HEADS: config.heads,
    KV_HEADS: config.kvHeads,
    CHUNKS: config.headDim / (wide ? 4 : 2),
    WIDE: wide,
  };
}

/** Attention over packed rows: its constants, and workgroups along the rows. Lanes read for each other where a head's chunks suffice for them. */
export function attentionShape(c: Pick<ModelContext, 'config' | 'subgroupLanes'>) {
  const chunks = chunkConstants(c.config);
  const lanes = chunks.CHUNKS <= c.subgroupLanes ? c.subgroupLanes : 0;
  return { constants: { ...chunks, LANES: lanes }, x: { perRow: 1, groupSize: lanes > 0 ? lanes : 64 } };
}

export const attentionScale = (config: PolicyConfig) => ({ SCALE: 1 / Math.sqrt(config.headDim) });

export function vocabularyConstants(config: PolicyConfig) {
  return { VOCABULARY: config.vocabularySize, STRIDE: widths(config).vocabularyStride };
}

/** Where a layer's weights lie. */
export function layerGroups(c: ModelContext, layer: number): LayerGroups {
  const groups = c.layout.layers[layer];
  if (!groups) throw new Error(`The policy has no layer ${layer}.`);
  return groups;
}
