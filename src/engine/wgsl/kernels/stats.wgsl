// Totals of the per-row statistics, in a fixed order, added to those of the micro-batches before.
#include "batch.wgsl"

@group(0) @binding(0) var<storage, read> rowStats: array<f32>;   // [tokens, 8]
@group(0) @binding(1) var<storage, read_write> totals: array<f32>; // [16]: the first six of RowStats; then the optimizer's
@group(0) @binding(2) var<uniform> batch: Batch;

var<workgroup> partials: array<f32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) index: u32) {
  let field = index % 8u;
  var sum = 0.0;
  for (var row = index / 8u; row < batch.tokens; row += 32u) { sum += rowStats[row * 8u + field]; }
  partials[index] = sum;
  workgroupBarrier();
  if (index >= 6u) { return; }
  var total = 0.0;
  for (var i = 0u; i < 32u; i++) { total += partials[i * 8u + index]; }
  if (batch.accumulate == 1u) { totals[index] += total; } else { totals[index] = total; }
}
