// Attention backward, first pass: dQ, one thread per row and head. Also stores delta = dO . O for the second pass.
// With p = exp(s - lse) recomputed: ds = p (dO . v - delta), dq = scale * sum ds k (Dao et al. 2022, algorithm 4).
// With LANES a workgroup is one subgroup whose lanes read a chunk each of a key and its value and show it to the others, instead of each
// reading the whole of it; all of them then visit what any of them sees, and what a row does not see counts as nothing.
#if LANES
enable subgroups;
#endif
#include "batch.wgsl"
#include "chunks.wgsl"

@group(0) @binding(0) var<storage, read> qk: array<Chunk>;         // [tokens, (HEADS + KV_HEADS) * CHUNKS], after RoPE
@group(0) @binding(1) var<storage, read> qkv: array<Chunk>;        // [tokens, (HEADS + 2 KV_HEADS) * CHUNKS], for v
@group(0) @binding(2) var<storage, read> attended: array<Chunk>;   // [tokens, HEADS * CHUNKS]
@group(0) @binding(3) var<storage, read> dAttended: array<Chunk>;  // [tokens, HEADS * CHUNKS]
@group(0) @binding(4) var<storage, read> logSumExp: array<f32>;    // [tokens, HEADS]
@group(0) @binding(5) var<storage, read> tokens: array<vec4<u32>>; // [tokens]
@group(0) @binding(6) var<storage, read_write> dqkv: array<Chunk>; // q part written
@group(0) @binding(7) var<storage, read_write> delta: array<f32>;  // [tokens, HEADS]
@group(0) @binding(8) var<uniform> batch: Batch;

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
  let own = (row * HEADS + head) * CHUNKS;
  var dotted = 0.0;
#for C CHUNKS
  let q{C} = qk[queryAt + {C}u] * SCALE;
  let dOut{C} = dAttended[own + {C}u];
  dotted += dot(dOut{C}, attended[own + {C}u]);
  var dq{C} = Chunk();
#end
  let lse = logSumExp[row * HEADS + head];
#if LANES
  for (var key = tokens[first].z; key <= last; key++) {
#else
  for (var key = tokens[row].z; key <= row; key++) {
#endif
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
#if LANES
  if (first + thread > last) { return; }
#endif
  delta[row * HEADS + head] = dotted;
  let to = row * QKV_STRIDE + head * CHUNKS;
#for C CHUNKS
  dqkv[to + {C}u] = dq{C} * SCALE;
#end
}
