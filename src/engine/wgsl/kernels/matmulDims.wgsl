// A matmul's sizes, in floats. A uniform, not constants, so that a dozen matmuls share a handful of pipelines.
struct MatmulDims {
  m: u32,
  n: u32,
  k: u32,
  partialStride: u32, // between gradient partials
  strideA: u32,    // between rows of A
  strideC: u32,    // between rows of C; rows of B follow each other without a gap
  pad0: u32,
  pad1: u32,
}
