// The matmul for widths that are not multiples of 4; every preset takes matmul.wgsl, which has the same three forms and
// bindings. Tiled: 4 x 4 outputs a thread, operands staged in workgroup memory as vec4s along the output's sides.
//
// FORM_NT  C[rows, N] = A[rows, K] B[N, K]^T   FORM_NN  C[rows, N] = A[rows, K] B[K, N]
// FORM_TN  C[M, N] = A[tokens, M]^T B[tokens, N], tokens split over partials (split-K)
// RESIDUAL adds `residual` (shape of C). Guards: rows and columns past the edge load as 0 and are not stored.
#include "batch.wgsl"
#include "matmulDims.wgsl"

@group(0) @binding(0) var<storage, read> a: array<f32>;
@group(0) @binding(1) var<storage, read> b: array<f32>;
#if RESIDUAL
@group(0) @binding(2) var<storage, read> residual: array<f32>; // [rows, N]
#endif
@group(0) @binding(3) var<storage, read_write> c: array<f32>;
@group(0) @binding(4) var<uniform> batch: Batch;
@group(0) @binding(5) var<uniform> dims: MatmulDims;

const STRIDE_A: u32 = THREADS_Y + 1u; // padded: neighbouring k land in different banks
const STRIDE_B: u32 = THREADS_X + 1u;
const THREADS: u32 = THREADS_X * THREADS_Y;

var<workgroup> tileA: array<vec4<f32>, TILE_K * STRIDE_A>;
var<workgroup> tileB: array<vec4<f32>, TILE_K * STRIDE_B>;

// Four values along an operand's outer side (m for A, n for B) at one k.
fn fourOfA(m: u32, k: u32, rows: u32, depth: u32) -> vec4<f32> {
  var four = vec4<f32>();
  if (k >= depth) { return four; }
#if FORM_TN
  let base = k * dims.strideA + m;
  if (m + 3u < rows) { return vec4<f32>(a[base], a[base + 1u], a[base + 2u], a[base + 3u]); }
  if (m < rows) { four.x = a[base]; }
  if (m + 1u < rows) { four.y = a[base + 1u]; }
  if (m + 2u < rows) { four.z = a[base + 2u]; }
#else
  let base = m * dims.strideA + k;
  let step = dims.strideA;
  if (m + 3u < rows) { return vec4<f32>(a[base], a[base + step], a[base + 2u * step], a[base + 3u * step]); }
  if (m < rows) { four.x = a[base]; }
  if (m + 1u < rows) { four.y = a[base + step]; }
  if (m + 2u < rows) { four.z = a[base + 2u * step]; }
#endif
  return four;
}

fn fourOfB(n: u32, k: u32, depth: u32) -> vec4<f32> {
  var four = vec4<f32>();
  if (k >= depth) { return four; }
#if FORM_NT
  let base = n * dims.k + k;
  let step = dims.k;
  if (n + 3u < dims.n) { return vec4<f32>(b[base], b[base + step], b[base + 2u * step], b[base + 3u * step]); }
  if (n < dims.n) { four.x = b[base]; }
  if (n + 1u < dims.n) { four.y = b[base + step]; }
  if (n + 2u < dims.n) { four.z = b[base + 2u * step]; }
#else
  let base = k * dims.n + n;
  if (n + 3u < dims.n) { return vec4<f32>(b[base], b[base + 1u], b[base + 2u], b[base + 3u]); }
  if (n < dims.n) { four.x = b[base]; }
  if (n + 1u < dims.n) { four.y = b[base + 1u]; }
  if (n + 2u < dims.n) { four.z = b[base + 2u]; }
#endif
  return four;
}

fn store(split: u32, m: u32, n: u32, value: f32) {
  if (n >= dims.n) { return; }
#if FORM_TN
  let at = split * dims.partialStride + m * dims.n + n;
  if (batch.accumulate == 1u) { c[at] += value; } else { c[at] = value; }
#else
  let at = m * dims.strideC + n;
#if RESIDUAL
  c[at] = residual[at] + value;
#else
  c[at] = value;
#endif
#endif
}

fn storeRow(split: u32, m: u32, n: u32, rows: u32, values: vec4<f32>) {
  if (m >= rows) { return; }
  store(split, m, n, values.x);
  store(split, m, n + 1u, values.y);
  store(split, m, n + 2u, values.z);
  store(split, m, n + 3u, values.w);
}

@compute @workgroup_size(THREADS_X, THREADS_Y)
fn main(
  @builtin(workgroup_id) group: vec3<u32>,
  @builtin(local_invocation_id) thread: vec3<u32>,
  @builtin(local_invocation_index) index: u32,
) {
#if FORM_TN
  let rows = dims.m;
  let kBegin = group.z * batch.splitTokens;
  let depth = min(kBegin + batch.splitTokens, batch.tokens);
#else
  let rows = batch.tokens;
  let kBegin = 0u;
  let depth = dims.k;
#endif
  let m0 = group.x * THREADS_Y * 4u;
  let n0 = group.y * THREADS_X * 4u;
  var c0 = vec4<f32>();
  var c1 = vec4<f32>();
  var c2 = vec4<f32>();
  var c3 = vec4<f32>();
  for (var k0 = kBegin; k0 < depth; k0 += TILE_K) {
    for (var i = index; i < TILE_K * THREADS_Y; i += THREADS) {
#if FORM_TN
      let q = i % THREADS_Y;
      let k = i / THREADS_Y;
#else
      let q = i / TILE_K;
      let k = i % TILE_K;
#endif
      tileA[k * STRIDE_A + q] = fourOfA(m0 + q * 4u, k0 + k, rows, depth);
    }
    for (var i = index; i < TILE_K * THREADS_X; i += THREADS) {
#if FORM_NT
      let q = i / TILE_K;
      let k = i % TILE_K;
#else
      let q = i % THREADS_X;
      let k = i / THREADS_X;
#endif
      tileB[k * STRIDE_B + q] = fourOfB(n0 + q * 4u, k0 + k, depth);
    }
    workgroupBarrier();
    for (var k = 0u; k < TILE_K; k++) {
      let four = tileA[k * STRIDE_A + thread.y];
      let row = tileB[k * STRIDE_B + thread.x];
      c0 += four.x * row;
      c1 += four.y * row;
      c2 += four.z * row;
      c3 += four.w * row;
    }
    workgroupBarrier();
  }
  let m = m0 + thread.y * 4u;
  let n = n0 + thread.x * 4u;
  storeRow(group.z, m, n, rows, c0);
  storeRow(group.z, m + 1u, n, rows, c1);
  storeRow(group.z, m + 2u, n, rows, c2);
  storeRow(group.z, m + 3u, n, rows, c3);
}
