// C = A B for widths that are multiples of 4: 4 x 8 outputs a thread in registers, operands read as vec4s straight from
// global memory. No workgroup memory and no barriers: neighbouring threads share rows of A and columns of B, which the
// caches serve, and 32 multiply-adds stand against 3 loads. (The tiled version is 3 times slower on SwiftShader, where a
// barrier is a coroutine switch.)
//
// FORM_NT  C[rows, N] = A[rows, K] B[N, K]^T   (activations times a Linear's weight)      rows = tokens
// FORM_NN  C[rows, N] = A[rows, K] B[K, N]     (their gradient back through the weight)   rows = tokens
// FORM_TN  C[M, N]    = A[tokens, M]^T B[tokens, N]  (the weight's gradient), tokens split over partials (split-K)
// RESIDUAL adds `residual` (shape of C). Rows past the edge are computed from stale rows and not stored; columns of A
// past K (a padded vocabulary) must be 0.
#include "batch.wgsl"
#include "matmulDims.wgsl"

@group(0) @binding(0) var<storage, read> a: array<vec4<f32>>;
@group(0) @binding(1) var<storage, read> b: array<vec4<f32>>;
#if RESIDUAL
@group(0) @binding(2) var<storage, read> residual: array<vec4<f32>>; // [rows, N]
#endif
@group(0) @binding(3) var<storage, read_write> c: array<vec4<f32>>;
@group(0) @binding(4) var<uniform> batch: Batch;
@group(0) @binding(5) var<uniform> dims: MatmulDims;

fn store(at: u32, value: vec4<f32>) {
#if FORM_TN
  if (batch.accumulate == 1u) { c[at] += value; } else { c[at] = value; }
#else
#if RESIDUAL
  c[at] = residual[at] + value;
#else
  c[at] = value;
#endif
#endif
}

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let octets = (dims.n + 7u) / 8u;
  let m = id.x / octets * 4u;
  let n = id.x % octets * 8u;
#if FORM_TN
  let rows = dims.m;
#else
  let rows = batch.tokens;
#endif
  if (m >= rows) { return; }
  let hasSecond = n + 4u < dims.n;
#for R 4
  var left{R} = vec4<f32>();
  var right{R} = vec4<f32>();
#end
#if FORM_NT
  let quads = dims.k / 4u;
  let firstA = m * (dims.strideA / 4u);
  let stepA = dims.strideA / 4u;
  let firstB = n * quads;
  let lastB = (dims.n - 1u) * quads;
  for (var k = 0u; k < quads; k++) {
#for R 4
    let a{R} = a[firstA + {R}u * stepA + k];
#end
#for J 8
    let b{J} = b[min(firstB + {J}u * quads, lastB) + k];
#end
#for R 4
    left{R} += vec4<f32>(dot(a{R}, b0), dot(a{R}, b1), dot(a{R}, b2), dot(a{R}, b3));
    right{R} += vec4<f32>(dot(a{R}, b4), dot(a{R}, b5), dot(a{R}, b6), dot(a{R}, b7));
#end
  }
#endif
#if FORM_NN
  let quads = (dims.k + 3u) / 4u;
  let stepA = dims.strideA / 4u;
  let firstA = m * stepA;
  let stepB = dims.n / 4u;
  let second = select(0u, 1u, hasSecond);
  for (var k = 0u; k < quads; k++) {
#for K 4
    let b{K} = b[(k * 4u + {K}u) * stepB + n / 4u];
    let d{K} = b[(k * 4u + {K}u) * stepB + n / 4u + second];
#end
#for R 4
    let a{R} = a[firstA + {R}u * stepA + k];
    left{R} += a{R}.x * b0 + a{R}.y * b1 + a{R}.z * b2 + a{R}.w * b3;
    right{R} += a{R}.x * d0 + a{R}.y * d1 + a{R}.z * d2 + a{R}.w * d3;
#end
  }
#endif
#if FORM_TN
  let stepA = dims.strideA / 4u;
  let stepB = dims.n / 4u;
  let second = select(0u, 1u, hasSecond);
  let begin = id.z * batch.splitTokens;
  let end = min(begin + batch.splitTokens, batch.tokens);
  for (var token = begin; token < end; token++) {
    let four = a[token * stepA + m / 4u];
    let b0 = b[token * stepB + n / 4u];
    let b1 = b[token * stepB + n / 4u + second];
    left0 += four.x * b0;
    left1 += four.y * b0;
    left2 += four.z * b0;
    left3 += four.w * b0;
    right0 += four.x * b1;
    right1 += four.y * b1;
    right2 += four.z * b1;
    right3 += four.w * b1;
  }
#endif
#if FORM_TN
  let to = id.z * (dims.partialStride / 4u) + n / 4u;
#else
  let to = n / 4u;
#endif
  let stepC = dims.strideC / 4u;
#for R 4
  if (m + {R}u < rows) {
    store(to + (m + {R}u) * stepC, left{R});
    if (hasSecond) { store(to + (m + {R}u) * stepC + 1u, right{R}); }
  }
#end
}
