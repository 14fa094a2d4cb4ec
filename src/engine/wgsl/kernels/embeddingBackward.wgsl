// Embedding gradient without atomics: the CPU lists each token id's rows (a counting sort), and one workgroup per id
// and split adds its share of them up in that order. ADD: the tied head has written this partial already.
#include "batch.wgsl"

@group(0) @binding(0) var<storage, read> dx: array<f32>;    // [tokens, D]
@group(0) @binding(1) var<storage, read> order: array<u32>; // [tokens]: rows sorted by token id, then by row
@group(0) @binding(2) var<storage, read> firstRow: array<u32>;     // [vocabulary + 1]: where each id begins in `order`
@group(0) @binding(3) var<storage, read_write> dTable: array<f32>; // [splits, ...], [vocabulary, D] at 0 of each partial
@group(0) @binding(4) var<uniform> batch: Batch;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let token = group.x;
  let first = firstRow[token];
  let count = firstRow[token + 1u] - first;
  let share = (count + SPLITS - 1u) / SPLITS;
  let begin = first + min(group.z * share, count);
  let end = first + min((group.z + 1u) * share, count);
  for (var j = index; j < D; j += 64u) {
    var sum = 0.0;
    for (var i = begin; i < end; i++) { sum += dx[order[i] * D + j]; }
    let at = group.z * PARTIAL_STRIDE + token * D + j;
#if ADD
    dTable[at] += sum;
#else
    if (batch.accumulate == 1u) { dTable[at] += sum; } else { dTable[at] = sum; }
#endif
  }
}
