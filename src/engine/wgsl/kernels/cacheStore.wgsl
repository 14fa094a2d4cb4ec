// Copies prefilled keys and values into the cache: one prompt's rows to every slot that starts with it.
// One thread per copied token and key/value head.
#include "batch.wgsl"

@group(0) @binding(0) var<storage, read> qk: array<f32>;  // [tokens, (HEADS + KV_HEADS) * HEAD_DIM], after RoPE
@group(0) @binding(1) var<storage, read> qkv: array<f32>; // [tokens, (HEADS + 2 KV_HEADS) * HEAD_DIM], for v
@group(0) @binding(2) var<storage, read> copies: array<vec2<u32>>;   // [copies]: prefill row, slot * stride + position
@group(0) @binding(3) var<storage, read_write> cacheK: array<f32>;   // [slots, stride, KV_HEADS * HEAD_DIM]
@group(0) @binding(4) var<storage, read_write> cacheV: array<f32>;   // like cacheK
@group(0) @binding(5) var<uniform> count: vec4<u32>; // x: copies

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let copy = id.x / KV_HEADS;
  if (copy >= count.x) { return; }
  let head = id.x % KV_HEADS;
  let place = copies[copy];
  let keyAt = (place.x * (HEADS + KV_HEADS) + HEADS + head) * HEAD_DIM;
  let valueAt = (place.x * (HEADS + 2u * KV_HEADS) + HEADS + KV_HEADS + head) * HEAD_DIM;
  let to = (place.y * KV_HEADS + head) * HEAD_DIM;
  for (var j = 0u; j < HEAD_DIM; j++) {
    cacheK[to + j] = qk[keyAt + j];
    cacheV[to + j] = qkv[valueAt + j];
  }
}
