// Attention backward, second pass: dK and dV, one thread per key and key/value head, over the queries after it in its
// segment and over the query heads that share it. dk = scale * sum ds q, dv = sum p dO.
#include "batch.wgsl"

@group(0) @binding(0) var<storage, read> qk: array<f32>;        // [tokens, (HEADS + KV_HEADS) * HEAD_DIM], after RoPE
@group(0) @binding(1) var<storage, read> qkv: array<f32>;       // [tokens, (HEADS + 2 KV_HEADS) * HEAD_DIM], for v
@group(0) @binding(2) var<storage, read> dAttended: array<f32>; // [tokens, HEADS * HEAD_DIM]
@group(0) @binding(3) var<storage, read> logSumExp: array<f32>; // [tokens, HEADS]
@group(0) @binding(4) var<storage, read> delta: array<f32>;     // [tokens, HEADS]
@group(0) @binding(5) var<storage, read> tokens: array<vec4<u32>>; // [tokens]
@group(0) @binding(6) var<storage, read_write> dqkv: array<f32>;   // k and v parts written
@group(0) @binding(7) var<uniform> batch: Batch;

const QUERIES: u32 = 16u;
const VECS: u32 = (HEAD_DIM + 3u) / 4u;
const QK_STRIDE: u32 = (HEADS + KV_HEADS) * HEAD_DIM;
const QKV_STRIDE: u32 = (HEADS + 2u * KV_HEADS) * HEAD_DIM;

var<workgroup> tileQ: array<vec4<f32>, QUERIES * VECS>;
var<workgroup> tileDOut: array<vec4<f32>, QUERIES * VECS>;
var<workgroup> tileLse: array<f32, QUERIES>;
var<workgroup> tileDelta: array<f32, QUERIES>;

fn fourOfQk(at: u32, c: u32) -> vec4<f32> {
#if HEAD_DIM_IS_MULTIPLE_OF_4
  return vec4<f32>(qk[at + c], qk[at + c + 1u], qk[at + c + 2u], qk[at + c + 3u]);
#else
  var four = vec4<f32>();
  for (var i = 0u; i < 4u && c + i < HEAD_DIM; i++) { four[i] = qk[at + c + i]; }
  return four;
#endif
}

fn fourOfDAttended(at: u32, c: u32) -> vec4<f32> {
#if HEAD_DIM_IS_MULTIPLE_OF_4
  return vec4<f32>(dAttended[at + c], dAttended[at + c + 1u], dAttended[at + c + 2u], dAttended[at + c + 3u]);
#else
  var four = vec4<f32>();
  for (var i = 0u; i < 4u && c + i < HEAD_DIM; i++) { four[i] = dAttended[at + c + i]; }
  return four;
#endif
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let kvHead = group.y;
  let firstRow = group.x * 64u;
  let lastRow = min(firstRow + 63u, batch.tokens - 1u);
  let row = firstRow + index;
  let live = row < batch.tokens;
  let end = select(0u, tokens[min(row, lastRow)].w, live);
  let queriesEnd = tokens[lastRow].w;
  var k: array<vec4<f32>, VECS>;
  var v: array<vec4<f32>, VECS>;
  var dk: array<vec4<f32>, VECS>;
  var dv: array<vec4<f32>, VECS>;
  let keyAt = row * QKV_STRIDE + (HEADS + kvHead) * HEAD_DIM;
  let valueAt = keyAt + KV_HEADS * HEAD_DIM;
  if (live) {
    for (var c = 0u; c < VECS; c++) {
      k[c] = fourOfQk(row * QK_STRIDE + (HEADS + kvHead) * HEAD_DIM, c * 4u) * SCALE;
    }
    for (var j = 0u; j < HEAD_DIM; j++) { v[j / 4u][j % 4u] = qkv[valueAt + j]; }
  }
  for (var member = 0u; member < HEADS / KV_HEADS; member++) {
    let head = kvHead * (HEADS / KV_HEADS) + member;
    for (var q0 = firstRow; q0 < queriesEnd; q0 += QUERIES) {
      for (var i = index; i < QUERIES * VECS; i += 64u) {
        let query = q0 + i / VECS;
        let c = (i % VECS) * 4u;
        if (query < queriesEnd) {
          tileQ[i] = fourOfQk(query * QK_STRIDE + head * HEAD_DIM, c);
          tileDOut[i] = fourOfDAttended((query * HEADS + head) * HEAD_DIM, c);
        }
      }
      if (index < QUERIES && q0 + index < queriesEnd) {
        tileLse[index] = logSumExp[(q0 + index) * HEADS + head];
        tileDelta[index] = delta[(q0 + index) * HEADS + head];
      }
      workgroupBarrier();
      for (var i = 0u; i < QUERIES; i++) {
        let query = q0 + i;
        if (query < row || query >= end) { continue; }
        var score = 0.0;
        var dp = 0.0;
        for (var c = 0u; c < VECS; c++) {
          score += dot(k[c], tileQ[i * VECS + c]);
          dp += dot(v[c], tileDOut[i * VECS + c]);
        }
        let p = exp(score - tileLse[i]);
        let ds = p * (dp - tileDelta[i]);
        for (var c = 0u; c < VECS; c++) {
          dv[c] += p * tileDOut[i * VECS + c];
          dk[c] += ds * tileQ[i * VECS + c];
        }
      }
      workgroupBarrier();
    }
  }
  if (!live) { return; }
  for (var j = 0u; j < HEAD_DIM; j++) {
    dqkv[keyAt + j] = dk[j / 4u][j % 4u] * SCALE;
    dqkv[valueAt + j] = dv[j / 4u][j % 4u];
  }
}
