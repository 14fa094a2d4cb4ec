// Applies what the CPU decided since the last chunk: new sequences, and waiting ones that go on after their forced tokens.
#include "rollout.wgsl"

struct Update {
  slot: Slot,
  index: u32, // which slot
  pad0: u32,
  pad1: u32,
  pad2: u32,
}

@group(0) @binding(0) var<storage, read> updates: array<Update>;   // [updates]
@group(0) @binding(1) var<storage, read_write> slots: array<Slot>; // [slots]
@group(0) @binding(2) var<uniform> count: vec4<u32>; // x: updates

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  if (id.x >= count.x) { return; }
  slots[updates[id.x].index] = updates[id.x].slot;
}
