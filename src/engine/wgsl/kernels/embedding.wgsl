// Embedding forward: a row of the table per token.
#include "batch.wgsl"

@group(0) @binding(0) var<storage, read> table: array<f32>;        // [vocabulary, D]
@group(0) @binding(1) var<storage, read> tokens: array<vec4<u32>>; // [tokens]: token, position, segment start, segment end
@group(0) @binding(2) var<storage, read_write> x: array<f32>;      // [tokens, D]
@group(0) @binding(3) var<uniform> batch: Batch;

@compute @workgroup_size(256)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let row = id.x / D;
  if (row >= batch.tokens) { return; }
  x[id.x] = table[tokens[row].x * D + id.x % D];
}
