// Applies what the CPU decided since the last chunk: new sequences, and forced tokens for waiting ones.
#include "rollout.wgsl"

struct Update {
  slot: Slot,
  index: u32,       // which slot
  firstForced: u32, // where its forced tokens begin in `tokens`
  pad0: u32,
  pad1: u32,
}

@group(0) @binding(0) var<storage, read> updates: array<Update>; // [updates]
@group(0) @binding(1) var<storage, read> tokens: array<u32>;     // every update's forced tokens, end to end
@group(0) @binding(2) var<storage, read_write> slots: array<Slot>; // [slots]
@group(0) @binding(3) var<storage, read_write> forced: array<u32>; // [slots, stride]
@group(0) @binding(4) var<uniform> rollout: Rollout;
@group(0) @binding(5) var<uniform> count: vec4<u32>; // x: updates

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= count.x) { return; }
  let update = updates[id.x];
  slots[update.index] = update.slot;
  for (var i = 0u; i < update.slot.forcedCount; i++) {
    forced[update.index * rollout.stride + i] = tokens[update.firstForced + i];
  }
}
