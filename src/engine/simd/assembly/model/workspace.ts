// A thread's own memory: the activations of a micro-batch, kept for its backward pass, and scratch.
import { attentionScratchFloats, padded } from '../kernels/attention';
import { panelFloats } from '../kernels/panels';
import { words } from '../memory';
import { Model } from './model';

/** What a layer keeps. */
@unmanaged
export class LayerActivations {
  x: usize; // [rows, dModel]: the layer's input
  inverseRms: usize; // [rows]
  normed: usize; // [rows, dModel]
  qkv: usize; // [rows, dQkv]
  qkInverseRms: usize; // [rows, heads + kvHeads]
  qk: usize; // [rows, dQk]: after norm and RoPE
  softmax: usize; // [rows, heads, 2]
  attended: usize; // [rows, dQuery]
  x2: usize; // [rows, dModel]: after the attention block
  inverseRms2: usize; // [rows]
  normed2: usize; // [rows, dModel]
  gateUp: usize; // [rows, 2 dFfn]
  activation: usize; // [rows, dFfn]
}

const LAYER_BYTES: usize = offsetof<LayerActivations>();

@unmanaged
export class Workspace {
  layers: usize; // LayerActivations, one after the other
  finalX: usize; // [rows, dModel]
  finalInverseRms: usize; // [rows]
  finalNormed: usize; // [rows, dModel]
  logits: usize; // [rows, vocabularyStride]; then dLogits
  dx: usize; // [rows, dModel]: of the residual stream
  dNormed: usize; // [rows, dModel]
  dGateUp: usize; // [rows, 2 dFfn]
  dActivation: usize; // [rows, dFfn]
  dAttended: usize; // [rows, dQuery]
  dQkv: usize; // [rows, dQkv]
  inputPanels: usize; // a product's x, packed
  scratch: usize; // attention's and the sampler's
  memory: usize; // the block that all arrays lie in
}

export function layerActivations(w: Workspace, layer: i32): LayerActivations {
  return changetype<LayerActivations>(w.layers + <usize>layer * LAYER_BYTES);
}

/**
 * A workspace for micro-batches of up to `rows` rows and sequences of up to `longest` tokens. One that does not train keeps one
 * layer's activations and nothing for a backward pass.
 */
export function createWorkspace(model: usize, rows: i32, longest: i32, trains: bool): usize {
  const m = changetype<Model>(model);
  const w = new Workspace();
  w.layers = heap.alloc(<usize>m.layers * LAYER_BYTES);
  taken = 0;
  place(m, w, rows, longest, trains);
  w.memory = heap.alloc(taken);
  taken = w.memory;
  place(m, w, rows, longest, trains);
  return changetype<usize>(w);
}

export function releaseWorkspace(workspace: usize): void {
  const w = changetype<Workspace>(workspace);
  heap.free(w.memory);
  heap.free(w.layers);
  heap.free(workspace);
}

export function workspaceLogits(workspace: usize): usize {
  return changetype<Workspace>(workspace).logits;
}

/** Give every array its place, the first at `taken`. */
function place(m: Model, w: Workspace, rows: i32, longest: i32, trains: bool): void {
  for (let layer = 0; layer < m.layers; layer++) {
    if (layer === 0 || trains) placeLayer(m, layerActivations(w, layer), rows);
    else memory.copy(w.layers + <usize>layer * LAYER_BYTES, w.layers, LAYER_BYTES);
  }
  w.finalX = trains ? take(rows * m.dModel) : layerActivations(w, 0).x;
  w.finalInverseRms = take(rows);
  w.finalNormed = take(rows * m.dModel);
  w.logits = take(rows * m.vocabularyStride);
  w.scratch = take(
    max(attentionScratchFloats(trains ? longest : 0, m.headDim), padded(longest) + m.vocabularyStride),
  );
  if (!trains) return;
  w.dx = take(rows * m.dModel);
  w.dNormed = take(rows * m.dModel);
  w.dGateUp = take(rows * 2 * m.dFfn);
  w.dActivation = take(rows * m.dFfn);
  w.dAttended = take(rows * m.dQuery);
  w.dQkv = take(rows * m.dQkv);
  w.inputPanels = take(panelFloats(max(max(m.dModel, m.dQuery), m.dFfn), rows));
}

function placeLayer(m: Model, a: LayerActivations, rows: i32): void {
  a.x = take(rows * m.dModel);
  a.inverseRms = take(rows);
  a.normed = take(rows * m.dModel);
  a.qkv = take(rows * m.dQkv);
  a.qkInverseRms = take(rows * (m.heads + m.kvHeads));
  a.qk = take(rows * m.dQk);
  a.softmax = take(rows * m.heads * 2);
  a.attended = take(rows * m.dQuery);
  a.x2 = take(rows * m.dModel);
  a.inverseRms2 = take(rows);
  a.normed2 = take(rows * m.dModel);
  a.gateUp = take(rows * 2 * m.dFfn);
  a.activation = take(rows * m.dFfn);
}

/** Where the next array goes; only the host's thread places arrays. */
let taken: usize = 0;

function take(floats: i32): usize {
  const at = taken;
  taken += (words(floats) + 63) & ~63;
  return at;
}
