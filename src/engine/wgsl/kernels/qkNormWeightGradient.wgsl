// Gradients of q_norm and k_norm: sum over tokens and heads of (dy turned back by RoPE) x r. Runs before
// qkNormRopeBackward overwrites dqkv. Columns 0 .. HEAD_DIM-1 are q_norm's, the next HEAD_DIM k_norm's.
#include "batch.wgsl"
#include "columnSum.wgsl"

@group(0) @binding(0) var<storage, read> qkv: array<f32>;          // [tokens, (HEADS + 2 KV_HEADS) * HEAD_DIM]
@group(0) @binding(1) var<storage, read> dqkv: array<f32>;         // like qkv, q and k after RoPE
@group(0) @binding(2) var<storage, read> rope: array<vec2<f32>>;   // [positions, HEAD_DIM / 2]
@group(0) @binding(3) var<storage, read> tokens: array<vec4<u32>>; // [tokens]
@group(0) @binding(4) var<storage, read> inverseRms: array<f32>;   // [tokens, HEADS + KV_HEADS]
@group(0) @binding(5) var<storage, read_write> dWeight: array<f32>; // [splits, ...], [2, HEAD_DIM] at 0 of each partial
@group(0) @binding(6) var<uniform> batch: Batch;

const NORMED: u32 = HEADS + KV_HEADS;
const HALF: u32 = HEAD_DIM / 2u;

@compute @workgroup_size(COLUMNS * LANES)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let column = index % COLUMNS;
  let lane = index / COLUMNS;
  let c = group.x * COLUMNS + column;
  let begin = group.z * batch.splitTokens;
  let end = min(begin + batch.splitTokens, batch.tokens);
  var sum = 0.0;
  if (c < 2u * HEAD_DIM) {
    let isKey = c >= HEAD_DIM;
    let j = c % HEAD_DIM;
    let firstHead = select(0u, HEADS, isKey);
    let lastHead = select(HEADS, NORMED, isKey);
    let high = j >= HALF;
    let pair = select(j + HALF, j - HALF, high);
    for (var row = begin + lane; row < end; row += LANES) {
      var turn = rope[tokens[row].y * HALF + j % HALF];
      if (high) { turn.y = -turn.y; }
      for (var head = firstHead; head < lastHead; head++) {
        let at = (row * (HEADS + 2u * KV_HEADS) + head) * HEAD_DIM;
        let dy = dqkv[at + j] * turn.x + dqkv[at + pair] * turn.y;
        sum += dy * qkv[at + j] * inverseRms[row * NORMED + head];
      }
    }
  }
  let total = columnSum(column, lane, sum);
  if (lane != 0u || c >= 2u * HEAD_DIM) { return; }
  let at = group.z * PARTIAL_STRIDE + c;
  if (batch.accumulate == 1u) { dWeight[at] += total; } else { dWeight[at] = total; }
}
