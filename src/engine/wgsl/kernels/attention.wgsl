// Causal grouped-query attention inside each packed segment, flash style: online softmax, one thread per row and head,
// everything in registers. Nothing of size tokens x tokens is ever stored; the log-sum-exp is kept for the backward
// pass (Dao et al. 2022, algorithm 1). Neighbouring threads read the same keys at the same time, so caches serve them.
#include "batch.wgsl"
#include "chunks.wgsl"
#include "attentionRow.wgsl"

@group(0) @binding(0) var<storage, read> qk: array<Chunk>;   // [tokens, (HEADS + KV_HEADS) * CHUNKS], after RoPE
@group(0) @binding(1) var<storage, read> qkv: array<Chunk>;  // [tokens, (HEADS + 2 KV_HEADS) * CHUNKS], for v
@group(0) @binding(2) var<storage, read> tokens: array<vec4<u32>>; // [tokens]: token, position, segment start, segment end
@group(0) @binding(3) var<storage, read_write> attended: array<Chunk>; // [tokens, HEADS * CHUNKS]
@group(0) @binding(4) var<storage, read_write> logSumExp: array<f32>;  // [tokens, HEADS]
@group(0) @binding(5) var<uniform> batch: Batch;

fn attend(row: u32, head: u32, first: u32, last: u32, lane: u32, stored: bool) {
  let begin = tokens[row].z;
  let kvHead = head / (HEADS / KV_HEADS);
  let queryAt = row * QK_STRIDE + head * CHUNKS;
#for C CHUNKS
  let q{C} = qk[queryAt + {C}u] * SCALE;
  var sum{C} = Chunk();
#end
  var maximum = -3.0e38;
  var total = 0.0;
  for (var key = tokens[first].z; key <= last; key++) {
    let keyAt = key * QK_STRIDE + (HEADS + kvHead) * CHUNKS;
    let valueAt = key * QKV_STRIDE + (HEADS + KV_HEADS + kvHead) * CHUNKS;
    var score = 0.0;
#if LANES
    let ownOfKey = qk[keyAt + lane % CHUNKS];
    let ownOfValue = qkv[valueAt + lane % CHUNKS];
#for C CHUNKS
    score += dot(q{C}, subgroupBroadcast(ownOfKey, {C}u));
    let v{C} = subgroupBroadcast(ownOfValue, {C}u);
#end
    // As long as nothing was seen, what is added here is wiped out by the first real score.
    if (key < begin || key > row) { score = -3.0e38; }
#else
#for C CHUNKS
    score += dot(q{C}, qk[keyAt + {C}u]);
    let v{C} = qkv[valueAt + {C}u];
#end
#endif
    if (score > maximum) {
      let shrink = exp(maximum - score);
      total *= shrink;
#for C CHUNKS
      sum{C} *= shrink;
#end
      maximum = score;
    }
    let p = exp(score - maximum);
    total += p;
#for C CHUNKS
    sum{C} += p * v{C};
#end
  }
  if (!stored) { return; }
  logSumExp[row * HEADS + head] = maximum + log(total);
  let to = (row * HEADS + head) * CHUNKS;
#for C CHUNKS
  attended[to + {C}u] = sum{C} / total;
#end
}
