// Per-head RMSNorm of q and k, then rotate-half RoPE. One thread per token and head (query heads, then key heads).
#include "batch.wgsl"

@group(0) @binding(0) var<storage, read> qkv: array<f32>;    // [tokens, (HEADS + 2 KV_HEADS) * HEAD_DIM]
@group(0) @binding(1) var<storage, read> weight: array<f32>; // [2, HEAD_DIM]: q_norm, k_norm
@group(0) @binding(2) var<storage, read> rope: array<vec2<f32>>;   // [positions, HEAD_DIM / 2]: cos, sin
@group(0) @binding(3) var<storage, read> tokens: array<vec4<u32>>; // [tokens]: token, position, segment start, segment end
@group(0) @binding(4) var<storage, read_write> qk: array<f32>;     // [tokens, (HEADS + KV_HEADS) * HEAD_DIM]
@group(0) @binding(5) var<storage, read_write> inverseRms: array<f32>; // [tokens, HEADS + KV_HEADS]
@group(0) @binding(6) var<uniform> batch: Batch;

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
  inverseRms[id.x] = scale;
  for (var j = 0u; j < HALF; j++) {
    let turn = rope[ropeAt + j];
    let low = qkv[source + j] * scale * weight[weightAt + j];
    let high = qkv[source + HALF + j] * scale * weight[weightAt + HALF + j];
    qk[to + j] = low * turn.x - high * turn.y;
    qk[to + HALF + j] = high * turn.x + low * turn.y;
  }
}
