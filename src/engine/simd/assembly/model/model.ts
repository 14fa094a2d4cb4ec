// The policy's shape and where its weights lie, and the weights packed for products.
import { words } from '../memory';
import { packColumns, packRows, panelFloats } from '../kernels/panels';
import { padded } from '../kernels/attention';

/** The groups of a layer, in the order of the host's table (parameterLayout.ts). */
export const INPUT_NORM: i32 = 0; // [dModel]
export const QKV: i32 = 1; // [dQuery + 2 dKey, dModel]
export const QK_NORM: i32 = 2; // [2, headDim]
export const OUTPUT: i32 = 3; // [dModel, dQuery]
export const POST_NORM: i32 = 4; // [dModel]
export const GATE_UP: i32 = 5; // [2 dFfn, dModel]
export const DOWN: i32 = 6; // [dModel, dFfn]
const LAYER_GROUPS: i32 = 7;
/** After the last layer's, as if of a layer of their own. */
export const EMBEDDING: i32 = 0; // [vocabulary, dModel]
export const FINAL_NORM: i32 = 1; // [dModel]
export const HEAD: i32 = 2; // [vocabulary, dModel]
const LAST_GROUPS: i32 = 3;

@unmanaged
export class Model {
  vocabulary: i32;
  vocabularyStride: i32; // whole panels of logits
  dModel: i32;
  layers: i32;
  heads: i32;
  kvHeads: i32;
  headDim: i32;
  dFfn: i32;
  dQuery: i32; // heads headDim
  dQkv: i32; // (heads + 2 kvHeads) headDim
  dQk: i32; // (heads + kvHeads) headDim
  epsilon: f32;
  /** Floats from the start of the flat parameters to each group. // [layers * 7 + 3] */
  offsets: usize;
  rope: usize; // [positions, headDim / 2, 2]
}

/** @param epsilon of every RMSNorm. @returns a model whose table of offsets the host fills */
export function createModel(
  vocabulary: i32,
  dModel: i32,
  layers: i32,
  heads: i32,
  kvHeads: i32,
  headDim: i32,
  dFfn: i32,
  epsilon: f32,
): usize {
  const m = new Model();
  m.vocabulary = vocabulary;
  m.vocabularyStride = padded(vocabulary);
  m.dModel = dModel;
  m.layers = layers;
  m.heads = heads;
  m.kvHeads = kvHeads;
  m.headDim = headDim;
  m.dFfn = dFfn;
  m.dQuery = heads * headDim;
  m.dQkv = (heads + 2 * kvHeads) * headDim;
  m.dQk = (heads + kvHeads) * headDim;
  m.epsilon = epsilon;
  m.offsets = heap.alloc(words(layers * LAYER_GROUPS + LAST_GROUPS));
  m.rope = 0;
  return changetype<usize>(m);
}

export function modelOffsets(model: usize): usize {
  return changetype<Model>(model).offsets;
}

/** @param rope // [positions, headDim / 2, 2]: cos, sin, for as many positions as the longest sequence to come */
export function setRope(model: usize, rope: usize): void {
  changetype<Model>(model).rope = rope;
}

/** A group of flat parameters, or of their gradient. `layer` is `layers` for embedding, final norm and head. */
export function parameter(m: Model, flat: usize, layer: i32, group: i32): usize {
  return flat + words(load<i32>(m.offsets + words(layer * LAYER_GROUPS + group)));
}

/** Floats that the weights packed for one direction take: the larger of the two. */
export function packedFloats(model: usize): i32 {
  const m = changetype<Model>(model);
  return (
    m.layers * panelOffset(m, 1, QKV) +
    max(panelFloats(m.vocabulary, m.dModel), panelFloats(m.dModel, m.vocabulary))
  );
}

/** Floats from the start of the packed weights to a matrix, the same in both directions. `layer` is `layers` for the head. */
function panelOffset(m: Model, layer: i32, group: i32): i32 {
  const qkv = matrixFloats(m.dQkv, m.dModel);
  const output = matrixFloats(m.dModel, m.dQuery);
  const gateUp = matrixFloats(2 * m.dFfn, m.dModel);
  const down = matrixFloats(m.dModel, m.dFfn);
  const start = layer * (qkv + output + gateUp + down);
  if (layer === m.layers || group === QKV) return start;
  if (group === OUTPUT) return start + qkv;
  if (group === GATE_UP) return start + qkv + output;
  return start + qkv + output + gateUp;
}

function matrixFloats(out: i32, input: i32): i32 {
  return padded(out) * padded(input);
}

/** A packed matrix. `layer` is `layers` for the head. */
export function panels(m: Model, packed: usize, layer: i32, group: i32): usize {
  return packed + words(panelOffset(m, layer, group));
}

/** W^T for y = x W^T, every matrix. // flat parameters -> packed [packedFloats] */
export function packForward(model: usize, flat: usize, packed: usize): void {
  const m = changetype<Model>(model);
  for (let layer = 0; layer < m.layers; layer++) {
    packOne(m, flat, packed, layer, QKV, m.dQkv, m.dModel, false);
    packOne(m, flat, packed, layer, OUTPUT, m.dModel, m.dQuery, false);
    packOne(m, flat, packed, layer, GATE_UP, 2 * m.dFfn, m.dModel, false);
    packOne(m, flat, packed, layer, DOWN, m.dModel, m.dFfn, false);
  }
  packOne(m, flat, packed, m.layers, HEAD, m.vocabulary, m.dModel, false);
}

/** W for dx = dy W, every matrix. // flat parameters -> packed [packedFloats] */
export function packBackward(model: usize, flat: usize, packed: usize): void {
  const m = changetype<Model>(model);
  for (let layer = 0; layer < m.layers; layer++) {
    packOne(m, flat, packed, layer, QKV, m.dQkv, m.dModel, true);
    packOne(m, flat, packed, layer, OUTPUT, m.dModel, m.dQuery, true);
    packOne(m, flat, packed, layer, GATE_UP, 2 * m.dFfn, m.dModel, true);
    packOne(m, flat, packed, layer, DOWN, m.dModel, m.dFfn, true);
  }
  packOne(m, flat, packed, m.layers, HEAD, m.vocabulary, m.dModel, true);
}

function packOne(
  m: Model,
  flat: usize,
  packed: usize,
  layer: i32,
  group: i32,
  out: i32,
  input: i32,
  backward: bool,
): void {
  const from = parameter(m, flat, layer, group);
  const to = panels(m, packed, layer, group);
  if (backward) packRows(from, words(input), to, input, out);
  else packColumns(from, words(input), to, out, input);
}
