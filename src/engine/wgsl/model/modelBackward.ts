/**
 * The decoder backward as dispatches, each layer's in reverse order of its forward.
 *
 * Every weight's gradient is written to split-K partials, never added up with atomics, so that sums have a fixed order. The residual
 * stream's gradient lives in `dx`, and each block adds to it in place.
 */
import type { DispatchSpec } from '../kernels/dispatchList.ts';
import { widths } from '../memory/bufferSizes.ts';
import {
  attentionScale,
  attentionShape,
  columnConstants,
  gradientPartials,
  headConstants,
  lanesFor,
  layerGroups,
  matmul,
  weights,
  type ModelContext,
} from './modelContext.ts';
import type { GroupPlace } from '../../layout/parameterLayout.ts';

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
        constants: { ...columnConstants(c), D: weight.size, PARTIAL_STRIDE: c.layout.size },
      },
      bindings: { ...shared, dWeight: gradientPartials(c, weight) },
      x: Math.ceil(weight.size / columnConstants(c).COLUMNS),
      z: c.splits,
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

/** dActivation to dGateUp. */
export function swigluBackward(c: ModelContext, layer: number): DispatchSpec {
  return {
    kernel: { file: 'swigluBackward.wgsl', constants: { F: c.config.intermediateSize } },
    bindings: {
      gateUp: c.buffer(`layer${layer}.gateUp`),
      dActivation: c.buffer('dActivation'),
      dGateUp: c.buffer('dGateUp'),
      batch: c.buffer('batch'),
    },
    x: { perRow: c.config.intermediateSize, groupSize: 256 },
  };
}

/** From dLogits in `logits` back to every weight's gradient partials. */
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
        SPLITS: c.splits,
        PARTIAL_STRIDE: layout.size,
        ADD: c.config.tieWordEmbeddings,
      },
    },
    bindings: {
      dx: c.buffer('dx'),
      order: c.buffer('order'),
      firstRow: c.buffer('firstRow'),
      dTable: gradientPartials(c, layout.embedding),
      ...(c.config.tieWordEmbeddings ? {} : { batch: c.buffer('batch') }),
    },
    x: w.vocabulary,
    z: c.splits,
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
      { a: c.buffer(dy), b: c.buffer(x), out: gradientPartials(c, weight) },
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
  const w = widths(c.config);
  const p = `layer${layer}.`;
  const groups = layerGroups(c, layer);
  return [
    ...linearBackward(c, 'dx', `${p}activation`, groups.down, 'dActivation', w.dModel, w.dFfn),
    swigluBackward(c, layer),
    ...linearBackward(c, 'dGateUp', `${p}normed2`, groups.gateUp, 'dNormed', 2 * w.dFfn, w.dModel),
    ...rmsNormBackward(
      c,
      { dy: 'dNormed', x: `${p}x2`, inverseRms: `${p}inverseRms2` },
      groups.postNorm,
      true,
    ),
    ...linearBackward(c, 'dx', `${p}attended`, groups.output, 'dAttended', w.dModel, w.dQuery),
    ...layerAttentionBackward(c, layer),
    ...linearBackward(c, 'dQkv', `${p}normed`, groups.qkv, 'dNormed', w.dQkv, w.dModel),
    ...rmsNormBackward(
      c,
      { dy: 'dNormed', x: `${p}x`, inverseRms: `${p}inverseRms` },
      groups.inputNorm,
      true,
    ),
  ];
}

/** From dAttended to the gradients of the rotated q and k, and of v. */
export function attentionGradient(c: ModelContext, layer: number): DispatchSpec[] {
  const { config } = c;
  const p = `layer${layer}.`;
  const shape = attentionShape(c);
  const attention = {
    qk: c.buffer(`${p}qk`),
    qkv: c.buffer(`${p}qkv`),
    dAttended: c.buffer('dAttended'),
    logSumExp: c.buffer(`${p}logSumExp`),
    tokens: c.buffer('tokens'),
    dqkv: c.buffer('dQkv'),
    delta: c.buffer('delta'),
    batch: c.buffer('batch'),
  };
  return [
    {
      kernel: {
        file: 'attentionBackwardQ.wgsl',
        constants: shape.constants,
        floats: attentionScale(config),
      },
      bindings: { ...attention, attended: c.buffer(`${p}attended`) },
      x: shape.x,
      y: config.heads,
    },
    {
      kernel: {
        file: 'attentionBackwardKv.wgsl',
        constants: shape.constants,
        floats: attentionScale(config),
      },
      bindings: attention,
      x: shape.x,
      y: config.kvHeads,
    },
  ];
}

/** From dAttended to dQkv before the norm, and the norms' weight gradients: attention, RoPE and q/k norm backward. */
export function layerAttentionBackward(c: ModelContext, layer: number): DispatchSpec[] {
  const { config } = c;
  const w = widths(config);
  const p = `layer${layer}.`;
  const groups = layerGroups(c, layer);
  const rotary = {
    qkv: c.buffer(`${p}qkv`),
    rope: c.buffer('rope'),
    tokens: c.buffer('tokens'),
    inverseRms: c.buffer(`${p}qkInverseRms`),
    dqkv: c.buffer('dQkv'),
    batch: c.buffer('batch'),
  };
  return [
    ...attentionGradient(c, layer),
    {
      kernel: {
        file: 'qkNormWeightGradient.wgsl',
        constants: { ...headConstants(config), ...columnConstants(c), PARTIAL_STRIDE: c.layout.size },
      },
      bindings: { ...rotary, dWeight: gradientPartials(c, groups.qkNorm) },
      x: Math.ceil((2 * config.headDim) / columnConstants(c).COLUMNS),
      z: c.splits,
    },
    {
      kernel: { file: 'qkNormRopeBackward.wgsl', constants: headConstants(config) },
      bindings: { ...rotary, weight: weights(c, groups.qkNorm) },
      x: { perRow: w.normedHeads, groupSize: 64 },
    },
  ];
}
