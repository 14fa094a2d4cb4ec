// Attention backward, second pass: dK and dV, one thread per row and key/value head, over the queries after it in its
// segment and over the query heads that share it. dk = scale * sum ds q, dv = sum p dO.
#include "batch.wgsl"
#include "chunks.wgsl"
#include "attentionRow.wgsl"

@group(0) @binding(0) var<storage, read> qk: array<Chunk>;         // [tokens, (HEADS + KV_HEADS) * CHUNKS], after RoPE
@group(0) @binding(1) var<storage, read> qkv: array<Chunk>;        // [tokens, (HEADS + 2 KV_HEADS) * CHUNKS], for v
@group(0) @binding(2) var<storage, read> dAttended: array<Chunk>;  // [tokens, HEADS * CHUNKS]
@group(0) @binding(3) var<storage, read> logSumExp: array<f32>;    // [tokens, HEADS]
@group(0) @binding(4) var<storage, read> delta: array<f32>;        // [tokens, HEADS]
@group(0) @binding(5) var<storage, read> tokens: array<vec4<u32>>; // [tokens]
@group(0) @binding(6) var<storage, read_write> dqkv: array<Chunk>; // k and v parts written
@group(0) @binding(7) var<uniform> batch: Batch;

fn attend(row: u32, kvHead: u32, first: u32, last: u32, lane: u32, stored: bool) {
  let ownAt = row * QK_STRIDE + (HEADS + kvHead) * CHUNKS;
  let keyTo = row * QKV_STRIDE + (HEADS + kvHead) * CHUNKS;
  let valueTo = keyTo + KV_HEADS * CHUNKS;
#for C CHUNKS
  let k{C} = qk[ownAt + {C}u] * SCALE;
  let v{C} = qkv[valueTo + {C}u];
  var dk{C} = Chunk();
  var dv{C} = Chunk();
#end
  let end = tokens[row].w;
  let farthest = tokens[last].w;
  for (var member = 0u; member < SHARED_BY; member++) {
    let head = kvHead * SHARED_BY + member;
    for (var query = first; query < farthest; query++) {
      let queryAt = query * QK_STRIDE + head * CHUNKS;
      let outAt = (query * HEADS + head) * CHUNKS;
      var score = 0.0;
      var dp = 0.0;
#if LANES
      let ownOfQuery = qk[queryAt + lane % CHUNKS];
      let ownOfOut = dAttended[outAt + lane % CHUNKS];
#for C CHUNKS
      let q{C} = subgroupBroadcast(ownOfQuery, {C}u);
      let dOut{C} = subgroupBroadcast(ownOfOut, {C}u);
      score += dot(k{C}, q{C});
      dp += dot(v{C}, dOut{C});
#end
      if (query < row || query >= end) { score = -3.0e38; }
#else
#for C CHUNKS
      let q{C} = qk[queryAt + {C}u];
      let dOut{C} = dAttended[outAt + {C}u];
      score += dot(k{C}, q{C});
      dp += dot(v{C}, dOut{C});
#end
#endif
      let p = exp(score - logSumExp[query * HEADS + head]);
      let ds = p * (dp - delta[query * HEADS + head]);
#for C CHUNKS
      dv{C} += p * dOut{C};
      dk{C} += ds * q{C};
#end
    }
  }
  if (!stored) { return; }
#for C CHUNKS
  dqkv[keyTo + {C}u] = dk{C} * SCALE;
  dqkv[valueTo + {C}u] = dv{C};
#end
}
