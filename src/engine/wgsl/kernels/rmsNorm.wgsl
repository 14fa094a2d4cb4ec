// RMSNorm forward: y = x * w / sqrt(mean(x^2) + eps); the root's inverse is kept for the backward pass.
#include "batch.wgsl"
#include "rowSum.wgsl"

@group(0) @binding(0) var<storage, read> x: array<f32>;       // [tokens, D]
@group(0) @binding(1) var<storage, read> weight: array<f32>;  // [D]
@group(0) @binding(2) var<storage, read_write> y: array<f32>; // [tokens, D]
@group(0) @binding(3) var<storage, read_write> inverseRms: array<f32>; // [tokens]
@group(0) @binding(4) var<uniform> batch: Batch;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let row = group.x * ROWS_PER_GROUP + index / LANES;
  let lane = index % LANES;
  let live = row < batch.tokens;
  var squares = 0.0;
  if (live) {
    for (var j = lane; j < D; j += LANES) {
      let value = x[row * D + j];
      squares += value * value;
    }
  }
  let scale = 1.0 / sqrt(rowSum(index, squares) / f32(D) + EPSILON);
  if (!live) { return; }
  for (var j = lane; j < D; j += LANES) { y[row * D + j] = x[row * D + j] * scale * weight[j]; }
  if (lane == 0u) { inverseRms[row] = scale; }
}
