// Per-head RMSNorm of q and k, then rotate-half RoPE. One thread per token and head (query heads, then key heads).
// CACHED (rollouts): keys go to the cache at the token's slot and position, and the value of the same head with them.
#include "batch.wgsl"

@group(0) @binding(0) var<storage, read> qkv: array<f32>;    // [tokens, (HEADS + 2 KV_HEADS) * HEAD_DIM]
@group(0) @binding(1) var<storage, read> weight: array<f32>; // [2, HEAD_DIM]: q_norm, k_norm
@group(0) @binding(2) var<storage, read> rope: array<vec2<f32>>;   // [positions, HEAD_DIM / 2]: cos, sin
@group(0) @binding(3) var<storage, read> tokens: array<vec4<u32>>; // [tokens]: token, position; then segment start and end, or slot
@group(0) @binding(4) var<storage, read_write> qk: array<f32>;     // [tokens, (HEADS + KV_HEADS) * HEAD_DIM]
@group(0) @binding(5) var<uniform> batch: Batch;
#if CACHED
#include "rollout.wgsl"
@group(0) @binding(6) var<storage, read_write> cacheK: array<f32>; // [slots, stride, KV_HEADS * HEAD_DIM]
@group(0) @binding(7) var<storage, read_write> cacheV: array<f32>; // like cacheK
@group(0) @binding(8) var<uniform> rollout: Rollout;
#else
@group(0) @binding(6) var<storage, read_write> inverseRms: array<f32>; // [tokens, HEADS + KV_HEADS]
#endif

const NORMED: u32 = HEADS + KV_HEADS;
const HALF: u32 = HEAD_DIM / 2u;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let row = id.x / NORMED;
  if (row >= batch.tokens) { return; }
  let head = id.x % NORMED;
  let source = row * (HEADS + 2u * KV_HEADS) * HEAD_DIM + head * HEAD_DIM;
  let to = id.x * HEAD_DIM;
  let weightAt = select(0u, HEAD_DIM, head >= HEADS);
  let ropeAt = tokens[row].y * HALF;
  var squares = 0.0;
  for (var j = 0u; j < HEAD_DIM; j++) { squares += qkv[source + j] * qkv[source + j]; }
  let scale = 1.0 / sqrt(squares / f32(HEAD_DIM) + EPSILON);
#if CACHED
  if (head >= HEADS) {
    let place = tokens[row].z * rollout.stride + tokens[row].y;
    let cacheAt = (place * KV_HEADS + head - HEADS) * HEAD_DIM;
    for (var j = 0u; j < HALF; j++) {
      let turned = rotated(source + j, weightAt + j, ropeAt + j, scale);
      cacheK[cacheAt + j] = turned.x;
      cacheK[cacheAt + HALF + j] = turned.y;
    }
    for (var j = 0u; j < HEAD_DIM; j++) { cacheV[cacheAt + j] = qkv[source + KV_HEADS * HEAD_DIM + j]; }
    return;
  }
#else
  inverseRms[id.x] = scale;
#endif
  for (var j = 0u; j < HALF; j++) {
    let turned = rotated(source + j, weightAt + j, ropeAt + j, scale);
    qk[to + j] = turned.x;
    qk[to + HALF + j] = turned.y;
  }
}

// The pair of channels j and j + HALF after the norm, turned by the position's angle.
fn rotated(source: u32, weightAt: u32, ropeAt: u32, scale: f32) -> vec2<f32> {
  let turn = rope[ropeAt];
  let low = qkv[source] * scale * weight[weightAt];
  let high = qkv[source + HALF] * scale * weight[weightAt + HALF];
  return vec2<f32>(low * turn.x - high * turn.y, high * turn.x + low * turn.y);
}
