// Causal grouped-query attention inside each packed segment, flash style: online softmax, one thread per row and head,
// everything in registers. Nothing of size tokens x tokens is ever stored; the log-sum-exp is kept for the backward
// pass (Dao et al. 2022, algorithm 1). Neighbouring threads read the same keys at the same time, so caches serve them.
// With LANES a workgroup is one subgroup whose lanes read a chunk each of a key and its value and show it to the others, instead of each
// reading the whole of it; all of them then visit what any of them sees, and what a row does not see counts as nothing.
#if LANES
enable subgroups;
#endif
#include "batch.wgsl"
#include "chunks.wgsl"

@group(0) @binding(0) var<storage, read> qk: array<Chunk>;   // [tokens, (HEADS + KV_HEADS) * CHUNKS], after RoPE
@group(0) @binding(1) var<storage, read> qkv: array<Chunk>;  // [tokens, (HEADS + 2 KV_HEADS) * CHUNKS], for v
@group(0) @binding(2) var<storage, read> tokens: array<vec4<u32>>; // [tokens]: token, position, segment start, segment end
@group(0) @binding(3) var<storage, read_write> attended: array<Chunk>; // [tokens, HEADS * CHUNKS]
@group(0) @binding(4) var<storage, read_write> logSumExp: array<f32>;  // [tokens, HEADS]
@group(0) @binding(5) var<uniform> batch: Batch;

#if LANES
@compute @workgroup_size(LANES)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
  @builtin(subgroup_invocation_id) lane: u32,
) {
  let first = group.x * LANES;
  let last = min(first + LANES, batch.tokens) - 1u;
  let row = min(first + thread, last);
  let head = group.y;
  let begin = tokens[row].z;
#else
@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let row = id.x;
  if (row >= batch.tokens) { return; }
  let head = id.y;
#endif
  let kvHead = head / (HEADS / KV_HEADS);
  let queryAt = row * QK_STRIDE + head * CHUNKS;
#for C CHUNKS
  let q{C} = qk[queryAt + {C}u] * SCALE;
  var sum{C} = Chunk();
#end
  var maximum = -3.0e38;
  var total = 0.0;
#if LANES
  for (var key = tokens[first].z; key <= last; key++) {
#else
  for (var key = tokens[row].z; key <= row; key++) {
#endif
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
#if LANES
  if (first + thread > last) { return; }
#endif
  logSumExp[row * HEADS + head] = maximum + log(total);
  let to = (row * HEADS + head) * CHUNKS;
#for C CHUNKS
  attended[to + {C}u] = sum{C} / total;
#end
}
