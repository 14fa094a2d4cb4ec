// RMSNorm's weight gradient: dw[j] = sum over tokens of dy x r, one gradient partial per workgroup row.
#include "batch.wgsl"
#include "columnSum.wgsl"

@group(0) @binding(0) var<storage, read> dy: array<f32>;         // [tokens, D]
@group(0) @binding(1) var<storage, read> x: array<f32>;          // [tokens, D]
@group(0) @binding(2) var<storage, read> inverseRms: array<f32>; // [tokens]
@group(0) @binding(3) var<storage, read_write> dWeight: array<f32>; // [splits, ...], this tensor at 0 of each partial
@group(0) @binding(4) var<uniform> batch: Batch;

@compute @workgroup_size(COLUMNS * LANES)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let column = index % COLUMNS;
  let lane = index / COLUMNS;
  let j = group.x * COLUMNS + column;
  let begin = group.z * batch.splitTokens;
  let end = min(begin + batch.splitTokens, batch.tokens);
  var sum = 0.0;
  if (j < D) {
    for (var row = begin + lane; row < end; row += LANES) { sum += dy[row * D + j] * x[row * D + j] * inverseRms[row]; }
  }
  let total = columnSum(column, lane, sum);
  if (lane != 0u || j >= D) { return; }
  let at = group.z * PARTIAL_STRIDE + j;
  if (batch.accumulate == 1u) { dWeight[at] += total; } else { dWeight[at] = total; }
}
