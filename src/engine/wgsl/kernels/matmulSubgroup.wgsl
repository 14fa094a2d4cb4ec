// C = A B with subgroups, for widths that are multiples of 4: 2 LANES rows by 2 neighbouring columns a thread. The lanes of
// a subgroup read a row of A each and show it to the others (subgroupBroadcast), so that a value of A is loaded once for all
// the columns of the subgroup, and a pair of B serves 2 LANES rows. Made for CPU rasterisers, whose lanes are SIMD lanes: there a
// load is one for each lane and a broadcast is next to nothing. Needs a subgroup size that is known and fixed (LANES) and a
// workgroup of whole subgroups.
//
// FORM_NT  C[rows, N] = A[rows, K] B[N, K]^T   FORM_NN  C[rows, N] = A[rows, K] B[K, N]
// FORM_TN  C[M, N]    = A[tokens, M]^T B[tokens, N], tokens split over partials (split-K)
// RESIDUAL adds `residual` (shape of C). Rows and columns past the edge repeat the last one and are not stored; columns of A
// past K (a padded vocabulary) must be 0.
enable subgroups;
#include "batch.wgsl"
#include "matmulDims.wgsl"

#if FORM_TN
@group(0) @binding(0) var<storage, read> a: array<f32>;
#else
@group(0) @binding(0) var<storage, read> a: array<vec4<f32>>;
#endif
#if FORM_NT
@group(0) @binding(1) var<storage, read> b: array<vec4<f32>>;
#else
@group(0) @binding(1) var<storage, read> b: array<vec2<f32>>;
#endif
#if RESIDUAL
@group(0) @binding(2) var<storage, read> residual: array<vec2<f32>>; // [rows, N]
#endif
@group(0) @binding(3) var<storage, read_write> c: array<vec2<f32>>;
@group(0) @binding(4) var<uniform> batch: Batch;
@group(0) @binding(5) var<uniform> dims: MatmulDims;

// The thread's values of one row, in columns n and n + 1.
fn storeRow(split: u32, row: u32, rows: u32, n: u32, values: vec2<f32>) {
  if (row >= rows || n >= dims.n) { return; }
#if FORM_TN
  let at = (split * dims.partialStride + row * dims.n + n) / 2u;
  if (batch.accumulate == 1u) { c[at] += values; } else { c[at] = values; }
#else
  let at = (row * dims.strideC + n) / 2u;
  // Of an odd number of columns the last has a padded one beside it, which stays 0.
  let kept = vec2<f32>(values.x, select(0.0, values.y, n + 1u < dims.n));
#if RESIDUAL
  c[at] = residual[at] + kept;
#else
  c[at] = kept;
#endif
#endif
}

@compute @workgroup_size(THREADS)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_index) thread: u32,
  @builtin(subgroup_invocation_id) lane: u32,
) {
#if FORM_TN
  let rows = dims.m;
#else
  let rows = batch.tokens;
#endif
  let row = group.x * LANES * 2u;
  let n = (group.y * THREADS + thread) * 2u;
#if FORM_NT
  let left0 = min(n, dims.n - 1u) * (dims.k / 4u);
  let right0 = min(n + 1u, dims.n - 1u) * (dims.k / 4u);
#else
  let pair = min(n, dims.n - 2u) / 2u;
  let stepB = dims.n / 2u;
#endif
  let upperRow = min(row + lane, rows - 1u);
  let lowerRow = min(row + LANES + lane, rows - 1u);
#for R LANES
  var upper{R} = vec2<f32>();
  var lower{R} = vec2<f32>();
#end
#if FORM_TN
  let begin = group.z * batch.splitTokens;
  let end = min(begin + batch.splitTokens, batch.tokens);
  for (var token = begin; token < end; token++) {
    let aUpper = a[token * dims.strideA + upperRow];
    let aLower = a[token * dims.strideA + lowerRow];
    let b0 = b[token * stepB + pair];
#for R LANES
    upper{R} = fma(vec2<f32>(subgroupBroadcast(aUpper, {R}u)), b0, upper{R});
    lower{R} = fma(vec2<f32>(subgroupBroadcast(aLower, {R}u)), b0, lower{R});
#end
  }
#else
  let quads = (dims.k + 3u) / 4u;
  let stepA = dims.strideA / 4u;
  for (var k = 0u; k < quads; k++) {
    let aUpper = a[upperRow * stepA + k];
    let aLower = a[lowerRow * stepA + k];
#if FORM_NT
    let left = b[left0 + k];
    let right = b[right0 + k];
    let b0 = vec2<f32>(left.x, right.x);
    let b1 = vec2<f32>(left.y, right.y);
    let b2 = vec2<f32>(left.z, right.z);
    let b3 = vec2<f32>(left.w, right.w);
#else
    let pair0 = k * 4u * stepB + pair;
    let b0 = b[pair0];
    let b1 = b[pair0 + stepB];
    let b2 = b[pair0 + 2u * stepB];
    let b3 = b[pair0 + 3u * stepB];
#endif
#for R LANES
    upper{R} = fma(vec2<f32>(subgroupBroadcast(aUpper.x, {R}u)), b0, upper{R});
    lower{R} = fma(vec2<f32>(subgroupBroadcast(aLower.x, {R}u)), b0, lower{R});
#end
#for R LANES
    upper{R} = fma(vec2<f32>(subgroupBroadcast(aUpper.y, {R}u)), b1, upper{R});
    lower{R} = fma(vec2<f32>(subgroupBroadcast(aLower.y, {R}u)), b1, lower{R});
#end
#for R LANES
    upper{R} = fma(vec2<f32>(subgroupBroadcast(aUpper.z, {R}u)), b2, upper{R});
    lower{R} = fma(vec2<f32>(subgroupBroadcast(aLower.z, {R}u)), b2, lower{R});
#end
#for R LANES
    upper{R} = fma(vec2<f32>(subgroupBroadcast(aUpper.w, {R}u)), b3, upper{R});
    lower{R} = fma(vec2<f32>(subgroupBroadcast(aLower.w, {R}u)), b3, lower{R});
#end
  }
#endif
#if FORM_TN
  let split = group.z;
#else
  let split = 0u;
#endif
#for R LANES
  storeRow(split, row + {R}u, rows, n, upper{R});
  storeRow(split, row + LANES + {R}u, rows, n, lower{R});
#end
}
