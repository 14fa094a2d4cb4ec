// The decoder forward (Qwen3) on rows of tokens: packed sequences in training, single tokens of slots in rollouts. A layer's parts
// are the same in both; only the attention between them differs.
import { attention } from '../kernels/attention';
import { embedding, TOKEN_BYTES } from '../kernels/embedding';
import { product } from '../kernels/product';
import { qkNormRope } from '../kernels/qkNormRope';
import { rmsNorm } from '../kernels/rmsNorm';
import { swiglu } from '../kernels/swiglu';
import { words } from '../memory';
import {
  DOWN,
  EMBEDDING,
  FINAL_NORM,
  GATE_UP,
  HEAD,
  INPUT_NORM,
  Model,
  OUTPUT,
  panels,
  parameter,
  POST_NORM,
  QK_NORM,
  QKV,
} from './model';
import { layerActivations, Workspace } from './workspace';

/**
 * Logits of packed sequences, all activations kept.
 * @param tokens // [rows, 4]: token, position, first row of the sequence, one past its last; rows count from `firstRow`
 */
export function forward(
  m: Model,
  flat: usize,
  packed: usize,
  w: Workspace,
  tokens: usize,
  firstRow: i32,
  rows: i32,
): void {
  embed(m, flat, w, tokens, rows);
  for (let layer = 0; layer < m.layers; layer++) {
    attentionInput(m, flat, packed, w, layer, tokens, rows);
    packedAttention(m, w, layer, tokens, firstRow, rows);
    attentionOutputAndFfn(m, flat, packed, w, layer, rows);
  }
  head(m, flat, packed, w, rows);
}

export function embed(m: Model, flat: usize, w: Workspace, tokens: usize, rows: i32): void {
  embedding(parameter(m, flat, m.layers, EMBEDDING), tokens, layerActivations(w, 0).x, rows, m.dModel);
}

/** y = x W^T + added. // x [rows, input], W [out, input] -> y [rows, out], its rows `strideY` floats apart */
function linear(
  x: usize,
  weight: usize,
  y: usize,
  added: usize,
  rows: i32,
  out: i32,
  input: i32,
  strideY: i32,
): void {
  product(x, words(input), weight, words(input * 8), y, words(strideY), added, rows, out, input);
}

/** Up to the layer's queries, keys and values: norm, projections, per-head norm and RoPE. */
export function attentionInput(
  m: Model,
  flat: usize,
  packed: usize,
  w: Workspace,
  layer: i32,
  tokens: usize,
  rows: i32,
): void {
  const a = layerActivations(w, layer);
  const norm = parameter(m, flat, layer, INPUT_NORM);
  rmsNorm(a.x, norm, a.normed, a.inverseRms, rows, m.dModel, m.epsilon);
  linear(a.normed, panels(m, packed, layer, QKV), a.qkv, 0, rows, m.dQkv, m.dModel, m.dQkv);
  qkNormRope(
    a.qkv,
    parameter(m, flat, layer, QK_NORM),
    m.rope,
    tokens,
    a.qk,
    a.qkInverseRms,
    rows,
    m.heads,
    m.kvHeads,
    m.headDim,
    m.epsilon,
  );
}

/** Sequence by sequence. */
function packedAttention(m: Model, w: Workspace, layer: i32, tokens: usize, firstRow: i32, rows: i32): void {
  const a = layerActivations(w, layer);
  let row = 0;
  while (row < rows) {
    const end = load<i32>(tokens + <usize>row * TOKEN_BYTES, 12) - firstRow;
    attention(
      a.qk + words(row * m.dQk),
      a.qkv + words(row * m.dQkv),
      a.attended + words(row * m.dQuery),
      a.softmax + words(row * m.heads * 2),
      end - row,
      m.heads,
      m.kvHeads,
      m.headDim,
      w.scratch,
    );
    row = end;
  }
}

/** From the attended values to the next layer's input: output projection, norm, SwiGLU, down, both residuals. */
export function attentionOutputAndFfn(
  m: Model,
  flat: usize,
  packed: usize,
  w: Workspace,
  layer: i32,
  rows: i32,
): void {
  const a = layerActivations(w, layer);
  const next = layer + 1 < m.layers ? layerActivations(w, layer + 1).x : w.finalX;
  const norm = parameter(m, flat, layer, POST_NORM);
  linear(a.attended, panels(m, packed, layer, OUTPUT), a.x2, a.x, rows, m.dModel, m.dQuery, m.dModel);
  rmsNorm(a.x2, norm, a.normed2, a.inverseRms2, rows, m.dModel, m.epsilon);
  linear(a.normed2, panels(m, packed, layer, GATE_UP), a.gateUp, 0, rows, 2 * m.dFfn, m.dModel, 2 * m.dFfn);
  swiglu(a.gateUp, a.activation, rows, m.dFfn);
  linear(a.activation, panels(m, packed, layer, DOWN), next, a.x2, rows, m.dModel, m.dFfn, m.dModel);
}

/** Final norm and logits. */
export function head(m: Model, flat: usize, packed: usize, w: Workspace, rows: i32): void {
  const norm = parameter(m, flat, m.layers, FINAL_NORM);
  rmsNorm(w.finalX, norm, w.finalNormed, w.finalInverseRms, rows, m.dModel, m.epsilon);
  const weight = panels(m, packed, m.layers, HEAD);
  linear(w.finalNormed, weight, w.logits, 0, rows, m.vocabulary, m.dModel, m.vocabularyStride);
}
