// The decoder backward: each layer's parts in reverse order of the forward.
//
// Every weight's gradient is added to `gradient`, laid out like the flat parameters; the residual stream's gradient lives in `dx`
// and is added to in place by each block.
import { attentionBackward } from '../kernels/attentionBackward';
import { embeddingBackward, TOKEN_BYTES } from '../kernels/embedding';
import { packRows } from '../kernels/panels';
import { product, transposedProduct } from '../kernels/product';
import { qkNormRopeBackward } from '../kernels/qkNormRope';
import { rmsNormBackward } from '../kernels/rmsNorm';
import { swigluBackward } from '../kernels/swiglu';
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

/** From dLogits in the workspace's `logits` to `gradient`, after `forward` on the same rows. */
export function backward(
  m: Model,
  flat: usize,
  packed: usize,
  w: Workspace,
  gradient: usize,
  tokens: usize,
  firstRow: i32,
  rows: i32,
): void {
  weightGradient(
    m,
    w,
    gradient,
    m.layers,
    HEAD,
    w.logits,
    w.finalNormed,
    rows,
    m.vocabulary,
    m.dModel,
    m.vocabularyStride,
  );
  inputGradient(
    m,
    packed,
    m.layers,
    HEAD,
    w.logits,
    w.dNormed,
    rows,
    m.vocabulary,
    m.dModel,
    m.vocabularyStride,
  );
  rmsNormBackward(
    w.dNormed,
    w.finalX,
    parameter(m, flat, m.layers, FINAL_NORM),
    w.finalInverseRms,
    w.dx,
    parameter(m, gradient, m.layers, FINAL_NORM),
    rows,
    m.dModel,
    false,
  );
  for (let layer = m.layers - 1; layer >= 0; layer--) {
    ffnBackward(m, flat, packed, w, gradient, layer, rows);
    attentionBlockBackward(m, flat, packed, w, gradient, layer, tokens, firstRow, rows);
  }
  embeddingBackward(w.dx, tokens, parameter(m, gradient, m.layers, EMBEDDING), rows, m.dModel);
}

/** dW += dy^T x of y = x W^T. // dy [rows, out], its rows `strideDy` floats apart; x [rows, input] */
function weightGradient(
  m: Model,
  w: Workspace,
  gradient: usize,
  layer: i32,
  group: i32,
  dy: usize,
  x: usize,
  rows: i32,
  out: i32,
  input: i32,
  strideDy: i32,
): void {
  const dWeight = parameter(m, gradient, layer, group);
  packRows(x, words(input), w.inputPanels, input, rows);
  transposedProduct(dy, words(strideDy), w.inputPanels, dWeight, words(input), dWeight, out, input, rows);
}

/** dx = dy W of y = x W^T. // dy [rows, out], its rows `strideDy` floats apart -> dx [rows, input] */
function inputGradient(
  m: Model,
  packed: usize,
  layer: i32,
  group: i32,
  dy: usize,
  dx: usize,
  rows: i32,
  out: i32,
  input: i32,
  strideDy: i32,
): void {
  const weight = panels(m, packed, layer, group);
  product(dy, words(strideDy), weight, words(out * 8), dx, words(input), 0, rows, input, out);
}

/** x2 + down(swiglu(gateUp(norm(x2)))). */
function ffnBackward(
  m: Model,
  flat: usize,
  packed: usize,
  w: Workspace,
  gradient: usize,
  layer: i32,
  rows: i32,
): void {
  const a = layerActivations(w, layer);
  const dGateUp = 2 * m.dFfn;
  weightGradient(m, w, gradient, layer, DOWN, w.dx, a.activation, rows, m.dModel, m.dFfn, m.dModel);
  inputGradient(m, packed, layer, DOWN, w.dx, w.dActivation, rows, m.dModel, m.dFfn, m.dModel);
  swigluBackward(a.gateUp, w.dActivation, w.dGateUp, rows, m.dFfn);
  weightGradient(m, w, gradient, layer, GATE_UP, w.dGateUp, a.normed2, rows, dGateUp, m.dModel, dGateUp);
  inputGradient(m, packed, layer, GATE_UP, w.dGateUp, w.dNormed, rows, dGateUp, m.dModel, dGateUp);
  rmsNormBackward(
    w.dNormed,
    a.x2,
    parameter(m, flat, layer, POST_NORM),
    a.inverseRms2,
    w.dx,
    parameter(m, gradient, layer, POST_NORM),
    rows,
    m.dModel,
    true,
  );
}

/** x + output(attention(qkv(norm(x)))). */
function attentionBlockBackward(
  m: Model,
  flat: usize,
  packed: usize,
  w: Workspace,
  gradient: usize,
  layer: i32,
  tokens: usize,
  firstRow: i32,
  rows: i32,
): void {
  const a = layerActivations(w, layer);
  weightGradient(m, w, gradient, layer, OUTPUT, w.dx, a.attended, rows, m.dModel, m.dQuery, m.dModel);
  inputGradient(m, packed, layer, OUTPUT, w.dx, w.dAttended, rows, m.dModel, m.dQuery, m.dModel);
  packedAttentionBackward(m, w, layer, tokens, firstRow, rows);
  qkNormRopeBackward(
    a.qkv,
    parameter(m, flat, layer, QK_NORM),
    m.rope,
    tokens,
    a.qkInverseRms,
    w.dQkv,
    parameter(m, gradient, layer, QK_NORM),
    rows,
    m.heads,
    m.kvHeads,
    m.headDim,
  );
  weightGradient(m, w, gradient, layer, QKV, w.dQkv, a.normed, rows, m.dQkv, m.dModel, m.dQkv);
  inputGradient(m, packed, layer, QKV, w.dQkv, w.dNormed, rows, m.dQkv, m.dModel, m.dQkv);
  rmsNormBackward(
    w.dNormed,
    a.x,
    parameter(m, flat, layer, INPUT_NORM),
    a.inverseRms,
    w.dx,
    parameter(m, gradient, layer, INPUT_NORM),
    rows,
    m.dModel,
    true,
  );
}

/** Sequence by sequence. */
function packedAttentionBackward(
  m: Model,
  w: Workspace,
  layer: i32,
  tokens: usize,
  firstRow: i32,
  rows: i32,
): void {
  const a = layerActivations(w, layer);
  let row = 0;
  while (row < rows) {
    const end = load<i32>(tokens + <usize>row * TOKEN_BYTES, 12) - firstRow;
    attentionBackward(
      a.qk + words(row * m.dQk),
      a.qkv + words(row * m.dQkv),
      a.softmax + words(row * m.heads * 2),
      w.dAttended + words(row * m.dQuery),
      w.dQkv + words(row * m.dQkv),
      end - row,
      m.heads,
      m.kvHeads,
      m.headDim,
      w.scratch,
    );
    row = end;
  }
}
