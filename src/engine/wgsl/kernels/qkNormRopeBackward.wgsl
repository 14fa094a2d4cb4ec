// Backward of qkNormRope, in place: dqkv's q and k parts come in after RoPE and leave before the norm; v is untouched.
#include "batch.wgsl"

@group(0) @binding(0) var<storage, read> qkv: array<f32>;    // [tokens, (HEADS + 2 KV_HEADS) * HEAD_DIM]
@group(0) @binding(1) var<storage, read> weight: array<f32>; // [2, HEAD_DIM]
@group(0) @binding(2) var<storage, read> rope: array<vec2<f32>>;   // [positions, HEAD_DIM / 2]
@group(0) @binding(3) var<storage, read> tokens: array<vec4<u32>>; // [tokens]
@group(0) @binding(4) var<storage, read> inverseRms: array<f32>;   // [tokens, HEADS + KV_HEADS]
@group(0) @binding(5) var<storage, read_write> dqkv: array<f32>;   // like qkv
@group(0) @binding(6) var<uniform> batch: Batch;

const NORMED: u32 = HEADS + KV_HEADS;
const HALF: u32 = HEAD_DIM / 2u;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let row = id.x / NORMED;
  if (row >= batch.tokens) { return; }
  let head = id.x % NORMED;
  let at = row * (HEADS + 2u * KV_HEADS) * HEAD_DIM + head * HEAD_DIM;
  let weightAt = select(0u, HEAD_DIM, head >= HEADS);
  let ropeAt = tokens[row].y * HALF;
  let r = inverseRms[id.x];
  var product = 0.0;
  for (var j = 0u; j < HALF; j++) {
    let turn = rope[ropeAt + j];
    let low = dqkv[at + j];
    let high = dqkv[at + HALF + j];
    product += (low * turn.x + high * turn.y) * weight[weightAt + j] * qkv[at + j];
    product += (high * turn.x - low * turn.y) * weight[weightAt + HALF + j] * qkv[at + HALF + j];
  }
  let pull = product * r * r * r / f32(HEAD_DIM);
  for (var j = 0u; j < HALF; j++) {
    let turn = rope[ropeAt + j];
    let low = dqkv[at + j];
    let high = dqkv[at + HALF + j];
    dqkv[at + j] = r * weight[weightAt + j] * (low * turn.x + high * turn.y) - qkv[at + j] * pull;
    dqkv[at + HALF + j] = r * weight[weightAt + HALF + j] * (high * turn.x - low * turn.y) - qkv[at + HALF + j] * pull;
  }
}
