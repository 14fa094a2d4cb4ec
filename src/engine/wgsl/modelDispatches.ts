/**
 * The decoder as dispatches: forward, and backward in reverse order, as pure lists of `DispatchSpec`.
 *
 * Invariant: what a kernel binds is named after what it holds; a layer is the same nine forward dispatches whether its
 * rows are packed training tokens or one token for each rollout slot (only the attention differs). Structure: Qwen3.
 */
import type { PolicyConfig } from '../../policy/config.ts';
import type { Binding, DispatchSpec } from './dispatchList.ts';
import { widths } from './memoryPlan.ts';
import type { GroupPlace, ParameterLayout } from './parameterLayout.ts';

export interface ModelContext {
  readonly config: PolicyConfig;
  readonly layout: ParameterLayout;
  /** Rows the plan can hold: matmul tiles are chosen for it. */
  readonly capacity: number;
  /** Number of gradient slots, each `layout.size` floats. */
  readonly slots: number;
  /** A buffer of the plan by name; throws if there is none. */
  buffer(name: string): GPUBuffer;
  /** Words in a uniform of their own, written once. */
  uniform(words: readonly number[]): GPUBufferBinding;
  /** The adapter is a CPU rasteriser. */
  readonly isSoftware: boolean;
}

type MatmulForm = 'NT' | 'NN' | 'TN';

/** A bound range of a flat buffer. */
function range(buffer: GPUBuffer, place: GroupPlace): GPUBufferBinding {
  return { buffer, offset: place.offset * 4, size: place.size * 4 };
}

const weights = (c: ModelContext, place: GroupPlace) => range(c.buffer('parameters'), place);

/** The tensor's range in every gradient slot: from its offset in the first slot to the end of the buffer. */
const gradientSlots = (c: ModelContext, place: GroupPlace): GPUBufferBinding => ({
  buffer: c.buffer('gradientSlots'),
  offset: place.offset * 4,
});

/** NT, NN: C[rows, n] from A[rows, k]. TN: C[m, n] summed over rows, into the gradient slots. */
export function matmul(
  c: Pick<ModelContext, 'buffer' | 'uniform' | 'slots' | 'layout'>,
  form: MatmulForm,
  operands: { a: Binding; b: Binding; out: Binding; residual?: Binding },
  size: { m?: number; n: number; k?: number; strideA?: number; strideC?: number },
): DispatchSpec {
  const gradient = form === 'TN';
  const { residual } = operands;
  const { m = 0, n, k = 0 } = size;
  const strideA = size.strideA ?? (gradient ? m : k);
  const strideC = size.strideC ?? n;
  const wide = strideA % 4 === 0 && strideC % 4 === 0 && (form === 'NT' ? k : n) % 4 === 0;
  const forms = { FORM_NT: form === 'NT', FORM_NN: form === 'NN', FORM_TN: gradient };
  const constants = { ...forms, RESIDUAL: residual !== undefined };
  const octets = Math.ceil(n / 8);
  const tile = 32;
  return {
    kernel: wide
      ? { file: 'matmul.wgsl', constants }
      : {
          file: 'matmulAnyWidth.wgsl',
          constants: { ...constants, THREADS_X: tile / 4, THREADS_Y: tile / 4, TILE_K: 16 },
        },
    bindings: {
      a: operands.a,
      b: operands.b,
      c: operands.out,
      ...(residual ? { residual } : {}),
      batch: c.buffer('batch'),
      dims: c.uniform([m, n, k, c.layout.size, strideA, strideC, 0, 0]),
    },
    ...(wide
      ? {
          x: gradient
            ? Math.ceil((Math.ceil(m / 4) * octets) / 64)
            : { perRow: octets, rowsPerUnit: 4, groupSize: 64 },
        }
      : {
          x: gradient ? Math.ceil(m / tile) : { perRow: 1, groupSize: tile },
          y: Math.ceil(n / tile),
        }),
    z: gradient ? c.slots : 1,
  };
}

/** Threads that share a row's sum. A barrier costs a CPU rasteriser more than the sum itself. */
const lanesFor = (c: ModelContext) => (c.isSoftware ? 1 : 16);

/** The same for a column's sum over tokens. */
function columnConstants(c: ModelContext) {
  return c.isSoftware
    ? { COLUMNS: 16, LANES: 1, SHARED_COLUMNS: false }
    : { COLUMNS: 32, LANES: 8, SHARED_COLUMNS: true };
}

export function rmsNorm(
  c: ModelContext,
  names: { x: string; y: string; inverseRms: string },
  weight: GroupPlace,
): DispatchSpec {
  const lanes = lanesFor(c);
  return {
    kernel: {
      file: 'rmsNorm.wgsl',
      constants: { D: weight.size, LANES: lanes, SHARED_ROWS: lanes > 1 },
      floats: { EPSILON: c.config.rmsNormEps },
    },
    bindings: {
      x: c.buffer(names.x),
      weight: weights(c, weight),
      y: c.buffer(names.y),
      inverseRms: c.buffer(names.inverseRms),
      batch: c.buffer('batch'),
    },
    x: { perRow: lanes, groupSize: 64 },
  };
}

/** The weight's gradient, then dx (added to the residual stream's gradient when `add`). */
export function rmsNormBackward(
  c: ModelContext,
  names: { dy: string; x: string; inverseRms: string },
  weight: GroupPlace,
  add: boolean,
): DispatchSpec[] {
  const lanes = lanesFor(c);
  const shared = {
    dy: c.buffer(names.dy),
    x: c.buffer(names.x),
    inverseRms: c.buffer(names.inverseRms),
    batch: c.buffer('batch'),
  };
  return [
    {
      kernel: {
        file: 'rmsNormWeightGradient.wgsl',
        constants: { ...columnConstants(c), D: weight.size, SLOT_STRIDE: c.layout.size },
      },
      bindings: { ...shared, dWeight: gradientSlots(c, weight) },
      x: Math.ceil(weight.size / columnConstants(c).COLUMNS),
      z: c.slots,
    },
    {
      kernel: {
        file: 'rmsNormBackward.wgsl',
        constants: { D: weight.size, LANES: lanes, SHARED_ROWS: lanes > 1, ADD: add },
      },
      bindings: { ...shared, weight: weights(c, weight), dx: c.buffer('dx') },
      x: { perRow: lanes, groupSize: 64 },
    },
  ];
}

export function headConstants(config: PolicyConfig) {
  return {
    HEADS: config.heads,
    KV_HEADS: config.kvHeads,
    HEAD_DIM: config.headDim,
  };
}

/** Attention reads a head's channels as vec4s, or vec2s where headDim is no multiple of 4. */
export function chunkConstants(config: PolicyConfig) {
  const wide = config.headDim % 4 === 0;
  return {
    HEADS: config.heads,
    KV_HEADS: config.kvHeads,
    CHUNKS: config.headDim / (wide ? 4 : 2),
    WIDE: wide,
  };
}

export const attentionScale = (config: PolicyConfig) => ({ SCALE: 1 / Math.sqrt(config.headDim) });

/** Up to the layer's q, k and v: norm, projections, per-head norm and RoPE. */
export function attentionInput(c: ModelContext, layer: number): DispatchSpec[] {
  const { config } = c;
  const w = widths(config);
  const p = `layer${layer}.`;
  const groups = layerGroups(c, layer);
  return [
    rmsNorm(c, { x: `${p}x`, y: `${p}normed`, inverseRms: `${p}inverseRms` }, groups.inputNorm),
    matmul(
      c,
      'NT',
      { a: c.buffer(`${p}normed`), b: weights(c, groups.qkv), out: c.buffer(`${p}qkv`) },
      { n: w.dQkv, k: w.dModel },
    ),
    {
      kernel: {
        file: 'qkNormRope.wgsl',
        constants: headConstants(config),
        floats: { EPSILON: config.rmsNormEps },
      },
      bindings: {
        qkv: c.buffer(`${p}qkv`),
        weight: weights(c, groups.qkNorm),
        rope: c.buffer('rope'),
        tokens: c.buffer('tokens'),
        qk: c.buffer(`${p}qk`),
        inverseRms: c.buffer(`${p}qkInverseRms`),
        batch: c.buffer('batch'),
      },
      x: { perRow: w.normedHeads, groupSize: 64 },
    },
  ];
}

/** Attention over the row's own packed segment. */
export function packedAttention(c: ModelContext, layer: number): DispatchSpec {
  const p = `layer${layer}.`;
  return {
    kernel: {
      file: 'attention.wgsl',
      constants: chunkConstants(c.config),
      floats: attentionScale(c.config),
    },
    bindings: {
      qk: c.buffer(`${p}qk`),
      qkv: c.buffer(`${p}qkv`),
      tokens: c.buffer('tokens'),
      attended: c.buffer(`${p}attended`),
      logSumExp: c.buffer(`${p}logSumExp`),
      batch: c.buffer('batch'),
    },
    x: { perRow: 1, groupSize: 64 },
    y: c.config.heads,
  };
}

/** From the attended values to the next layer's input: output projection, norm, SwiGLU, down, both residuals. */
export function attentionOutputAndFfn(c: ModelContext, layer: number): DispatchSpec[] {
  const w = widths(c.config);
  const p = `layer${layer}.`;
  const groups = layerGroups(c, layer);
  const next = layer + 1 < c.config.layers ? `layer${layer + 1}.x` : 'finalX';
  return [
    matmul(
      c,
      'NT',
      {
        a: c.buffer(`${p}attended`),
        b: weights(c, groups.output),
        out: c.buffer(`${p}x2`),
        residual: c.buffer(`${p}x`),
      },
      { n: w.dModel, k: w.dQuery },
    ),
    rmsNorm(c, { x: `${p}x2`, y: `${p}normed2`, inverseRms: `${p}inverseRms2` }, groups.postNorm),
    matmul(
      c,
      'NT',
      { a: c.buffer(`${p}normed2`), b: weights(c, groups.gateUp), out: c.buffer(`${p}gateUp`) },
      { n: 2 * w.dFfn, k: w.dModel },
    ),
    {
      kernel: { file: 'swiglu.wgsl', constants: { F: w.dFfn } },
      bindings: {
        gateUp: c.buffer(`${p}gateUp`),
        activation: c.buffer(`${p}activation`),
        batch: c.buffer('batch'),
      },
      x: { perRow: w.dFfn, groupSize: 256 },
    },
    matmul(
      c,
      'NT',
      {
        a: c.buffer(`${p}activation`),
        b: weights(c, groups.down),
        out: c.buffer(next),
        residual: c.buffer(`${p}x2`),
      },
      { n: w.dModel, k: w.dFfn },
    ),
  ];
}

export function embedding(c: ModelContext): DispatchSpec {
  return {
    kernel: { file: 'embedding.wgsl', constants: { D: c.config.hiddenSize } },
    bindings: {
      table: weights(c, c.layout.embedding),
      tokens: c.buffer('tokens'),
      x: c.buffer('layer0.x'),
      batch: c.buffer('batch'),
    },
    x: { perRow: c.config.hiddenSize, groupSize: 256 },
  };
}

/** Final norm and logits. */
export function headForward(c: ModelContext): DispatchSpec[] {
  const w = widths(c.config);
  return [
    rmsNorm(c, { x: 'finalX', y: 'finalNormed', inverseRms: 'finalInverseRms' }, c.layout.finalNorm),
    matmul(
      c,
      'NT',
      { a: c.buffer('finalNormed'), b: weights(c, c.layout.head), out: c.buffer('logits') },
      { n: w.vocabulary, k: w.dModel, strideC: w.vocabularyStride },
    ),
  ];
}

export function vocabularyConstants(config: PolicyConfig) {
  return { VOCABULARY: config.vocabularySize, STRIDE: widths(config).vocabularyStride };
}

/** Log-softmax, objective and dLogits, in place of the logits; then the totals. */
export function lossDispatches(c: ModelContext): DispatchSpec[] {
  return [
    {
      kernel: { file: 'loss.wgsl', constants: vocabularyConstants(c.config) },
      bindings: {
        tokens: c.buffer('tokens'),
        targets: c.buffer('targets'),
        logits: c.buffer('logits'),
        rowStats: c.buffer('rowStats'),
        batch: c.buffer('batch'),
      },
      x: { perRow: 1, groupSize: 64 },
    },
  ];
}

export function statsDispatch(c: ModelContext): DispatchSpec {
  return {
    kernel: { file: 'stats.wgsl', constants: {} },
    bindings: { rowStats: c.buffer('rowStats'), totals: c.buffer('totals'), batch: c.buffer('batch') },
    x: 1,
  };
}

/** From dLogits in `logits` back to every weight's gradient slots. */
export function backward(c: ModelContext): DispatchSpec[] {
  const w = widths(c.config);
  const { layout } = c;
  const specs: DispatchSpec[] = [
    ...linearBackward(
      c,
      'logits',
      'finalNormed',
      layout.head,
      'dNormed',
      w.vocabulary,
      w.dModel,
      w.vocabularyStride,
    ),
    ...rmsNormBackward(
      c,
      { dy: 'dNormed', x: 'finalX', inverseRms: 'finalInverseRms' },
      layout.finalNorm,
      false,
    ),
  ];
  for (let layer = c.config.layers - 1; layer >= 0; layer--) specs.push(...layerBackward(c, layer));
  specs.push({
    kernel: {
      file: 'embeddingBackward.wgsl',
      constants: {
        D: w.dModel,
        SLOTS: c.slots,
        SLOT_STRIDE: layout.size,
        ADD: c.config.tieWordEmbeddings,
      },
    },
    bindings: {
      dx: c.buffer('dx'),
      order: c.buffer('order'),
      firstRow: c.buffer('firstRow'),
      dTable: gradientSlots(c, layout.embedding),
      ...(c.config.tieWordEmbeddings ? {} : { batch: c.buffer('batch') }),
    },
    x: w.vocabulary,
    z: c.slots,
  });
  return specs;
}

/** Gradients of y = x W^T, W [out, in]: the weight's, then the input's. */
function linearBackward(
  c: ModelContext,
  dy: string,
  x: string,
  weight: GroupPlace,
  dx: string,
  out: number,
  input: number,
  strideDy = out,
): DispatchSpec[] {
  return [
    matmul(
      c,
      'TN',
      { a: c.buffer(dy), b: c.buffer(x), out: gradientSlots(c, weight) },
      { m: out, n: input, strideA: strideDy },
    ),
    matmul(
      c,
      'NN',
      { a: c.buffer(dy), b: weights(c, weight), out: c.buffer(dx) },
      { n: input, k: out, strideA: strideDy },
    ),
  ];
}

function layerBackward(c: ModelContext, layer: number): DispatchSpec[] {
  const { config } = c;
  const w = widths(config);
  const p = `layer${layer}.`;
  const groups = layerGroups(c, layer);
  const batch = c.buffer('batch');
  const rotary = {
    qkv: c.buffer(`${p}qkv`),
    rope: c.buffer('rope'),
    tokens: c.buffer('tokens'),
    inverseRms: c.buffer(`${p}qkInverseRms`),
    dqkv: c.buffer('dQkv'),
    batch,
  };
  const attention = {
    qk: c.buffer(`${p}qk`),
    qkv: c.buffer(`${p}qkv`),
    dAttended: c.buffer('dAttended'),
    logSumExp: c.buffer(`${p}logSumExp`),
    tokens: c.buffer('tokens'),
    dqkv: c.buffer('dQkv'),
    delta: c.buffer('delta'),
    batch,
  };
  return [
    ...linearBackward(c, 'dx', `${p}activation`, groups.down, 'dActivation', w.dModel, w.dFfn),
    {
      kernel: { file: 'swigluBackward.wgsl', constants: { F: w.dFfn } },
      bindings: {
        gateUp: c.buffer(`${p}gateUp`),
        dActivation: c.buffer('dActivation'),
        dGateUp: c.buffer('dGateUp'),
        batch,
      },
      x: { perRow: w.dFfn, groupSize: 256 },
    },
    ...linearBackward(c, 'dGateUp', `${p}normed2`, groups.gateUp, 'dNormed', 2 * w.dFfn, w.dModel),
    ...rmsNormBackward(
      c,
      { dy: 'dNormed', x: `${p}x2`, inverseRms: `${p}inverseRms2` },
      groups.postNorm,
      true,
    ),
    ...linearBackward(c, 'dx', `${p}attended`, groups.output, 'dAttended', w.dModel, w.dQuery),
    {
      kernel: {
        file: 'attentionBackwardQ.wgsl',
        constants: chunkConstants(config),
        floats: attentionScale(config),
      },
      bindings: { ...attention, attended: c.buffer(`${p}attended`) },
      x: { perRow: 1, groupSize: 64 },
      y: config.heads,
    },
    {
      kernel: {
        file: 'attentionBackwardKv.wgsl',
        constants: chunkConstants(config),
        floats: attentionScale(config),
      },
      bindings: attention,
      x: { perRow: 1, groupSize: 64 },
      y: config.kvHeads,
    },
    {
      kernel: {
        file: 'qkNormWeightGradient.wgsl',
        constants: { ...headConstants(config), ...columnConstants(c), SLOT_STRIDE: c.layout.size },
      },
      bindings: { ...rotary, dWeight: gradientSlots(c, groups.qkNorm) },
      x: Math.ceil((2 * config.headDim) / columnConstants(c).COLUMNS),
      z: c.slots,
    },
    {
      kernel: { file: 'qkNormRopeBackward.wgsl', constants: headConstants(config) },
      bindings: { ...rotary, weight: weights(c, groups.qkNorm) },
      x: { perRow: w.normedHeads, groupSize: 64 },
    },
    ...linearBackward(c, 'dQkv', `${p}normed`, groups.qkv, 'dNormed', w.dQkv, w.dModel),
    ...rmsNormBackward(
      c,
      { dy: 'dNormed', x: `${p}x`, inverseRms: `${p}inverseRms` },
      groups.inputNorm,
      true,
    ),
  ];
}

function layerGroups(c: ModelContext, layer: number) {
  const groups = c.layout.layers[layer];
  if (!groups) throw new Error(`The policy has no layer ${layer}.`);
  return groups;
}

/** Sum the slots, the norm, AdamW: three dispatches over the flat buffers. */
export function optimizerDispatches(c: ModelContext): { sum: DispatchSpec[]; update: DispatchSpec[] } {
  const size = c.layout.size;
  const groups = Math.ceil(size / 1024);
  return {
    sum: [
      {
        kernel: { file: 'gradientSum.wgsl', constants: { SLOTS: c.slots, SLOT_STRIDE: size } },
        bindings: {
          slots: c.buffer('gradientSlots'),
          gradient: c.buffer('gradient'),
          squares: c.buffer('squares'),
        },
        x: groups,
      },
      {
        kernel: { file: 'gradientNorm.wgsl', constants: { GROUPS: groups } },
        bindings: {
          squares: c.buffer('squares'),
          totals: c.buffer('totals'),
          optimizer: c.buffer('optimizer'),
        },
        x: 1,
      },
    ],
    update: [
      {
        kernel: { file: 'adamw.wgsl', constants: { SLOT_STRIDE: size } },
        bindings: {
          gradient: c.buffer('gradient'),
          decayed: c.buffer('decayed'),
          totals: c.buffer('totals'),
          parameters: c.buffer('parameters'),
          m: c.buffer('m'),
          v: c.buffer('v'),
          optimizer: c.buffer('optimizer'),
        },
        x: groups,
      },
    ],
  };
}
