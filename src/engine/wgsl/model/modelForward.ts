/**
 * The decoder forward as dispatches, and the loss: pure lists of `DispatchSpec`.
 *
 * What a kernel binds is named after what it holds; a layer is the same nine forward dispatches whether its
 * rows are packed training tokens or the next tokens of rollout slots (only where keys lie differs). Structure: Qwen3.
 */
import type { DispatchSpec } from '../kernels/dispatchList.ts';
import { widths } from '../memory/bufferSizes.ts';
import {
  attentionScale,
  attentionShape,
  headConstants,
  lanesFor,
  layerGroups,
  matmul,
  vocabularyConstants,
  weights,
  type ModelContext,
} from './modelContext.ts';
import type { GroupPlace } from '../../layout/parameterLayout.ts';

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

/** Up to the layer's q, k and v: norm, projections, per-head norm and RoPE. With `cached`, k and v go to the slots' cache. */
export function attentionInput(c: ModelContext, layer: number, cached = false): DispatchSpec[] {
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
        constants: { ...headConstants(config), CACHED: cached },
        floats: { EPSILON: config.rmsNormEps },
      },
      bindings: {
        qkv: c.buffer(`${p}qkv`),
        weight: weights(c, groups.qkNorm),
        rope: c.buffer('rope'),
        tokens: c.buffer('tokens'),
        qk: c.buffer(`${p}qk`),
        batch: c.buffer('batch'),
        ...(cached
          ? {
              cacheK: c.buffer(`cacheK${layer}`),
              cacheV: c.buffer(`cacheV${layer}`),
              rollout: c.buffer('rollout'),
            }
          : { inverseRms: c.buffer(`${p}qkInverseRms`) }),
      },
      x: { perRow: w.normedHeads, groupSize: 64 },
    },
  ];
}

/** Attention over the row's own packed segment. */
export function packedAttention(c: ModelContext, layer: number): DispatchSpec {
  const p = `layer${layer}.`;
  const shape = attentionShape(c);
  return {
    kernel: {
      file: 'attention.wgsl',
      constants: shape.constants,
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
    x: shape.x,
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
    swigluForward(c, layer),
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

/** activation = silu(gate) up. */
export function swigluForward(c: ModelContext, layer: number): DispatchSpec {
  const p = `layer${layer}.`;
  return {
    kernel: { file: 'swiglu.wgsl', constants: { F: c.config.intermediateSize } },
    bindings: {
      gateUp: c.buffer(`${p}gateUp`),
      activation: c.buffer(`${p}activation`),
      batch: c.buffer('batch'),
    },
    x: { perRow: c.config.intermediateSize, groupSize: 256 },
  };
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
