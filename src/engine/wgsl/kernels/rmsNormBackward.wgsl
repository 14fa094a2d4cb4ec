// RMSNorm backward: dx (+)= r w dy - x r^3 / D * sum(w dy x), with r the inverse root mean square.
// ADD: dx already holds the residual stream's gradient, and this block's share is added to it.
#include "batch.wgsl"
#include "rowSum.wgsl"

@group(0) @binding(0) var<storage, read> dy: array<f32>;         // [tokens, D]
@group(0) @binding(1) var<storage, read> x: array<f32>;          // [tokens, D]
@group(0) @binding(2) var<storage, read> weight: array<f32>;     // [D]
@group(0) @binding(3) var<storage, read> inverseRms: array<f32>; // [tokens]
@group(0) @binding(4) var<storage, read_write> dx: array<f32>;   // [tokens, D]
@group(0) @binding(5) var<uniform> batch: Batch;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let row = group.x * ROWS_PER_GROUP + index / LANES;
  let lane = index % LANES;
  let live = row < batch.tokens;
  var product = 0.0;
  if (live) {
    for (var j = lane; j < D; j += LANES) {
      let at = row * D + j;
      product += dy[at] * weight[j] * x[at];
    }
  }
  let total = rowSum(index, product);
  if (!live) { return; }
  let r = inverseRms[row];
  let pull = total * r * r * r / f32(D);
  for (var j = lane; j < D; j += LANES) {
    let at = row * D + j;
    let gradient = r * weight[j] * dy[at] - x[at] * pull;
#if ADD
    dx[at] += gradient;
#else
    dx[at] = gradient;
#endif
  }
}
