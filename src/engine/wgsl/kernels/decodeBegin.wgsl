// Starts a decoding step: each active row looks up its slot's newest token. A slot that is frozen repeats its last
// step, which writes the same keys and values again and changes nothing.
#include "batch.wgsl"
#include "rollout.wgsl"

@group(0) @binding(0) var<storage, read> table: array<f32>;    // [vocabulary, D]
@group(0) @binding(1) var<storage, read> active_: array<u32>;  // [rows]: the slot of each row
@group(0) @binding(2) var<storage, read> slots: array<Slot>;   // [slots]
@group(0) @binding(3) var<storage, read_write> tokens: array<vec4<u32>>; // [rows]: token, position, slot, 0
@group(0) @binding(4) var<storage, read_write> x: array<f32>;  // [rows, D]
@group(0) @binding(5) var<uniform> batch: Batch;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let row = id.x / D;
  if (row >= batch.tokens) { return; }
  let slot = active_[row];
  x[id.x] = table[slots[slot].token * D + id.x % D];
  if (id.x % D == 0u) { tokens[row] = vec4<u32>(slots[slot].token, slots[slot].position, slot, 0u); }
}
