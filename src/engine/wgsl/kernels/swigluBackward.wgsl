// SwiGLU backward: dGate = dActivation up s (1 + gate (1 - s)), dUp = dActivation gate s, with s = sigmoid(gate).
#include "batch.wgsl"

@group(0) @binding(0) var<storage, read> gateUp: array<f32>;        // [tokens, 2 F]
@group(0) @binding(1) var<storage, read> dActivation: array<f32>;   // [tokens, F]
@group(0) @binding(2) var<storage, read_write> dGateUp: array<f32>; // [tokens, 2 F]
@group(0) @binding(3) var<uniform> batch: Batch;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let row = id.x / F;
  if (row >= batch.tokens) { return; }
  let at = row * 2u * F + id.x % F;
  let gate = gateUp[at];
  let s = 1.0 / (1.0 + exp(-gate));
  let d = dActivation[id.x];
  dGateUp[at] = d * gateUp[at + F] * s * (1.0 + gate * (1.0 - s));
  dGateUp[at + F] = d * gate * s;
}
