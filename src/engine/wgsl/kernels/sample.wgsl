// Ends a decoding step: every running slot gets its next token. One thread per row.
#include "batch.wgsl"
#include "rollout.wgsl"

@group(0) @binding(0) var<storage, read> logits: array<f32>;    // [rows, STRIDE]
@group(0) @binding(1) var<storage, read> active_: array<u32>;   // [rows]: the slot of each row
@group(0) @binding(2) var<storage, read> stopKinds: array<u32>; // [VOCABULARY]: 0, TURN or ENDED
@group(0) @binding(3) var<storage, read_write> slots: array<Slot>;       // [slots]
@group(0) @binding(4) var<storage, read_write> output: array<vec2<u32>>; // [slots, chunk]: token, log-probability
@group(0) @binding(5) var<uniform> batch: Batch;
@group(0) @binding(6) var<uniform> rollout: Rollout;
#include "sampleToken.wgsl"

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= batch.tokens) { return; }
  let index = active_[id.x];
  let slot = slots[index];
  if (slot.status != RUNNING) { return; }
  slots[index] = advanceSlot(slot, index, id.x * STRIDE);
}
