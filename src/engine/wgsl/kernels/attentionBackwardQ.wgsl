// Attention backward, first pass: dQ, one thread per row and head. Also stores delta = dO . O for the second pass.
// With p = exp(s - lse) recomputed: ds = p (dO . v - delta), dq = scale * sum ds k (Dao et al. 2022, algorithm 4).
#include "batch.wgsl"
#include "chunks.wgsl"
#include "attentionRow.wgsl"

@group(0) @binding(0) var<storage, read> qk: array<Chunk>;         // [tokens, (HEADS + KV_HEADS) * CHUNKS], after RoPE
@group(0) @binding(1) var<storage, read> qkv: array<Chunk>;        // [tokens, (HEADS + 2 KV_HEADS) * CHUNKS], for v
@group(0) @binding(2) var<storage, read> attended: array<Chunk>;   // [tokens, HEADS * CHUNKS]
@group(0) @binding(3) var<storage, read> dAttended: array<Chunk>;  // [tokens, HEADS * CHUNKS]
@group(0) @binding(4) var<storage, read> logSumExp: array<f32>;    // [tokens, HEADS]
@group(0) @binding(5) var<storage, read> tokens: array<vec4<u32>>; // [tokens]
@group(0) @binding(6) var<storage, read_write> dqkv: array<Chunk>; // q part written
@group(0) @binding(7) var<storage, read_write> delta: array<f32>;  // [tokens, HEADS]
@group(0) @binding(8) var<uniform> batch: Batch;

fn attend(row: u32, head: u32, first: u32, last: u32, lane: u32, stored: bool) {
  let begin = tokens[row].z;
  let kvHead = head / (HEADS / KV_HEADS);
  let queryAt = row * QK_STRIDE + head * CHUNKS;
  let own = (row * HEADS + head) * CHUNKS;
  var dotted = 0.0;
#for C CHUNKS
  let q{C} = qk[queryAt + {C}u] * SCALE;
  let dOut{C} = dAttended[own + {C}u];
  dotted += dot(dOut{C}, attended[own + {C}u]);
  var dq{C} = Chunk();
#end
  let lse = logSumExp[row * HEADS + head];
  for (var key = tokens[first].z; key <= last; key++) {
    let keyAt = key * QK_STRIDE + (HEADS + kvHead) * CHUNKS;
    let valueAt = key * QKV_STRIDE + (HEADS + KV_HEADS + kvHead) * CHUNKS;
    var score = 0.0;
    var dp = 0.0;
#if LANES
    let ownOfKey = qk[keyAt + lane % CHUNKS];
    let ownOfValue = qkv[valueAt + lane % CHUNKS];
#for C CHUNKS
    let k{C} = subgroupBroadcast(ownOfKey, {C}u);
    score += dot(q{C}, k{C});
    dp += dot(dOut{C}, subgroupBroadcast(ownOfValue, {C}u));
#end
    if (key < begin || key > row) { score = -3.0e38; }
#else
#for C CHUNKS
    let k{C} = qk[keyAt + {C}u];
    score += dot(q{C}, k{C});
    dp += dot(dOut{C}, qkv[valueAt + {C}u]);
#end
#endif
    let ds = exp(score - lse) * (dp - dotted);
#for C CHUNKS
    dq{C} += ds * k{C};
#end
  }
  if (!stored) { return; }
  delta[row * HEADS + head] = dotted;
  let to = row * QKV_STRIDE + head * CHUNKS;
#for C CHUNKS
  dqkv[to + {C}u] = dq{C} * SCALE;
#end
}
