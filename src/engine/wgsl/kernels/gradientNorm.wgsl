// The global gradient norm, the clip factor min(1, maxNorm / (norm + 1e-6)) as torch has it, and whether the step may
// happen: finite is tested on the bits, because WGSL lets a compiler assume that NaN and infinity do not exist. Steps are queued before
// it is known whether the one before them happened, so the GPU counts the skipped ones itself.
#include "optimizer.wgsl"

@group(0) @binding(0) var<storage, read> squares: array<f32>;      // [GROUPS]
@group(0) @binding(1) var<storage, read_write> totals: array<f32>; // [16]: 0 loss, 8 norm, 9 clip factor, 10 finite, 11 skipped, 12 late
@group(0) @binding(2) var<uniform> optimizer: Optimizer;

var<workgroup> partials: array<f32, 256>;

fn isFinite(value: f32) -> bool { return (bitcast<u32>(value) & 0x7f800000u) != 0x7f800000u; }

@compute @workgroup_size(256)
fn main(@builtin(local_invocation_index) index: u32) {
  var sum = 0.0;
  for (var i = index; i < GROUPS; i += 256u) { sum += squares[i]; }
  partials[index] = sum;
  workgroupBarrier();
  for (var half = 128u; half > 0u; half /= 2u) {
    if (index < half) { partials[index] += partials[index + half]; }
    workgroupBarrier();
  }
  if (index != 0u) { return; }
  let norm = sqrt(partials[0]);
  totals[8] = norm;
  totals[9] = min(1.0, optimizer.maxGradNorm / (norm + 1e-6));
  let finite = isFinite(norm) && isFinite(partials[0]) && isFinite(totals[0]);
  totals[10] = select(0.0, 1.0, finite);
  totals[12] = select(0.0, 1.0, totals[11] != optimizer.skippedBefore);
  totals[11] += select(1.0, 0.0, finite);
}
