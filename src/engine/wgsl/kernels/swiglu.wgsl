// SwiGLU forward: activation = silu(gate) * up, elementwise.
#include "batch.wgsl"

@group(0) @binding(0) var<storage, read> gateUp: array<f32>;           // [tokens, 2 F]: gate, up
@group(0) @binding(1) var<storage, read_write> activation: array<f32>; // [tokens, F]
@group(0) @binding(2) var<uniform> batch: Batch;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let row = id.x / F;
  if (row >= batch.tokens) { return; }
  let at = row * 2u * F + id.x % F;
  let gate = gateUp[at];
  activation[id.x] = gate / (1.0 + exp(-gate)) * gateUp[at + F];
}
