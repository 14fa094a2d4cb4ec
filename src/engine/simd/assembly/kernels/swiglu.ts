// SwiGLU: activation = silu(gate) * up, silu(g) = g / (1 + exp(-g)), and its gradient.
import { exp, loadPartial, storePartial } from './lanes';

/** // gateUp [rows, 2 width] -> activation [rows, width] */
export function swiglu(gateUp: usize, activation: usize, rows: i32, width: i32): void {
  const rest = width & 3;
  const vectors = width >> 2;
  const bytes = (<usize>width) << 2;
  for (let row = 0; row < rows; row++) {
    let gate = gateUp;
    let up = gateUp + bytes;
    for (let i = 0; i < vectors; i++) {
      const g = v128.load(gate);
      v128.store(activation, f32x4.mul(f32x4.mul(g, sigmoid(g)), v128.load(up)));
      gate += 16;
      up += 16;
      activation += 16;
    }
    if (rest) {
      const g = loadPartial(gate, rest, 0);
      storePartial(activation, rest, f32x4.mul(f32x4.mul(g, sigmoid(g)), loadPartial(up, rest, 0)));
      activation += (<usize>rest) << 2;
    }
    gateUp += bytes << 1;
  }
}

/**
 * dGate = dActivation up s (1 + gate (1 - s)), dUp = dActivation gate s, with s the sigmoid of the gate.
 * // gateUp [rows, 2 width], dActivation [rows, width] -> dGateUp [rows, 2 width]
 */
export function swigluBackward(
  gateUp: usize,
  dActivation: usize,
  dGateUp: usize,
  rows: i32,
  width: i32,
): void {
  const rest = width & 3;
  const vectors = width >> 2;
  const bytes = (<usize>width) << 2;
  for (let row = 0; row < rows; row++) {
    for (let i = 0; i < vectors; i++) {
      const g = v128.load(gateUp);
      const dy = v128.load(dActivation);
      const s = sigmoid(g);
      v128.store(dGateUp, f32x4.mul(f32x4.mul(dy, v128.load(gateUp + bytes)), siluSlope(g, s)));
      v128.store(dGateUp + bytes, f32x4.mul(dy, f32x4.mul(g, s)));
      gateUp += 16;
      dGateUp += 16;
      dActivation += 16;
    }
    if (rest) {
      const g = loadPartial(gateUp, rest, 0);
      const dy = loadPartial(dActivation, rest, 0);
      const s = sigmoid(g);
      const dyUp = f32x4.mul(dy, loadPartial(gateUp + bytes, rest, 0));
      storePartial(dGateUp, rest, f32x4.mul(dyUp, siluSlope(g, s)));
      storePartial(dGateUp + bytes, rest, f32x4.mul(dy, f32x4.mul(g, s)));
      gateUp += (<usize>rest) << 2;
      dGateUp += (<usize>rest) << 2;
      dActivation += (<usize>rest) << 2;
    }
    gateUp += bytes;
    dGateUp += bytes;
  }
}

function sigmoid(x: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.div(one, f32x4.add(one, exp(f32x4.neg(x))));
}

/** The slope of silu at x, whose sigmoid is s. */
function siluSlope(x: v128, s: v128): v128 {
  const one = f32x4.splat(1);
  return f32x4.mul(s, f32x4.add(one, f32x4.mul(x, f32x4.sub(one, s))));
}
