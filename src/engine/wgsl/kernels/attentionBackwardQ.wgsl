// Attention backward, first pass: dQ, one thread per query and head. Also stores delta = dO . O for the second pass.
// With p = exp(s - lse) recomputed: ds = p (dO . v - delta), dq = scale * sum ds k (Dao et al. 2022, algorithm 4).
#include "batch.wgsl"

@group(0) @binding(0) var<storage, read> qk: array<f32>;        // [tokens, (HEADS + KV_HEADS) * HEAD_DIM], after RoPE
@group(0) @binding(1) var<storage, read> qkv: array<f32>;       // [tokens, (HEADS + 2 KV_HEADS) * HEAD_DIM], for v
@group(0) @binding(2) var<storage, read> attended: array<f32>;  // [tokens, HEADS * HEAD_DIM]
@group(0) @binding(3) var<storage, read> dAttended: array<f32>; // [tokens, HEADS * HEAD_DIM]
@group(0) @binding(4) var<storage, read> logSumExp: array<f32>; // [tokens, HEADS]
@group(0) @binding(5) var<storage, read> tokens: array<vec4<u32>>; // [tokens]
@group(0) @binding(6) var<storage, read_write> dqkv: array<f32>;   // q part written
@group(0) @binding(7) var<storage, read_write> delta: array<f32>;  // [tokens, HEADS]
@group(0) @binding(8) var<uniform> batch: Batch;

const KEYS: u32 = 16u;
const VECS: u32 = (HEAD_DIM + 3u) / 4u;
const QK_STRIDE: u32 = (HEADS + KV_HEADS) * HEAD_DIM;
const QKV_STRIDE: u32 = (HEADS + 2u * KV_HEADS) * HEAD_DIM;

var<workgroup> tileK: array<vec4<f32>, KEYS * VECS>;
var<workgroup> tileV: array<vec4<f32>, KEYS * VECS>;

fn fourOfQk(at: u32, c: u32) -> vec4<f32> {
#if HEAD_DIM_IS_MULTIPLE_OF_4
  return vec4<f32>(qk[at + c], qk[at + c + 1u], qk[at + c + 2u], qk[at + c + 3u]);
#else
  var four = vec4<f32>();
  for (var i = 0u; i < 4u && c + i < HEAD_DIM; i++) { four[i] = qk[at + c + i]; }
  return four;
#endif
}

fn fourOfV(at: u32, c: u32) -> vec4<f32> {
#if HEAD_DIM_IS_MULTIPLE_OF_4
  return vec4<f32>(qkv[at + c], qkv[at + c + 1u], qkv[at + c + 2u], qkv[at + c + 3u]);
#else
  var four = vec4<f32>();
  for (var i = 0u; i < 4u && c + i < HEAD_DIM; i++) { four[i] = qkv[at + c + i]; }
  return four;
#endif
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let head = group.y;
  let kvHead = head / (HEADS / KV_HEADS);
  let firstRow = group.x * 64u;
  let lastRow = min(firstRow + 63u, batch.tokens - 1u);
  let row = firstRow + index;
  let live = row < batch.tokens;
  let begin = select(0xffffffffu, tokens[min(row, lastRow)].z, live);
  let own = (row * HEADS + head) * HEAD_DIM;
  var q: array<vec4<f32>, VECS>;
  var dOut: array<vec4<f32>, VECS>;
  var dq: array<vec4<f32>, VECS>;
  var dotted = 0.0;
  var lse = 0.0;
  if (live) {
    for (var j = 0u; j < HEAD_DIM; j++) {
      dOut[j / 4u][j % 4u] = dAttended[own + j];
      dotted += dAttended[own + j] * attended[own + j];
    }
    for (var c = 0u; c < VECS; c++) {
      q[c] = fourOfQk(row * QK_STRIDE + head * HEAD_DIM, c * 4u) * SCALE;
    }
    lse = logSumExp[row * HEADS + head];
    delta[row * HEADS + head] = dotted;
  }
  for (var k0 = tokens[firstRow].z; k0 <= lastRow; k0 += KEYS) {
    for (var i = index; i < KEYS * VECS; i += 64u) {
      let key = k0 + i / VECS;
      let c = (i % VECS) * 4u;
      if (key <= lastRow) {
        tileK[i] = fourOfQk(key * QK_STRIDE + (HEADS + kvHead) * HEAD_DIM, c);
        tileV[i] = fourOfV(key * QKV_STRIDE + (HEADS + KV_HEADS + kvHead) * HEAD_DIM, c);
      }
    }
    workgroupBarrier();
    for (var k = 0u; k < KEYS; k++) {
      let key = k0 + k;
      if (key < begin || key > row) { continue; }
      var score = 0.0;
      var dp = 0.0;
      for (var c = 0u; c < VECS; c++) {
        score += dot(q[c], tileK[k * VECS + c]);
        dp += dot(dOut[c], tileV[k * VECS + c]);
      }
      let ds = exp(score - lse) * (dp - dotted);
      for (var c = 0u; c < VECS; c++) { dq[c] += ds * tileK[k * VECS + c]; }
    }
    workgroupBarrier();
  }
  if (!live) { return; }
  let to = row * QKV_STRIDE + head * HEAD_DIM;
  for (var j = 0u; j < HEAD_DIM; j++) { dqkv[to + j] = dq[j / 4u][j % 4u] * SCALE; }
}
