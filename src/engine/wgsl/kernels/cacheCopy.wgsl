// Copies cached keys and values: a prompt that several slots begin with is computed for one of them and copied to the rest.
// One thread per copied position and key/value head.

@group(0) @binding(0) var<storage, read> copies: array<vec2<u32>>; // [copies]: from, to, each slot * stride + position
@group(0) @binding(1) var<storage, read_write> cacheK: array<f32>; // [slots, stride, KV_HEADS * HEAD_DIM]
@group(0) @binding(2) var<storage, read_write> cacheV: array<f32>; // like cacheK
@group(0) @binding(3) var<uniform> count: vec4<u32>; // x: copies

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let copy = id.x / KV_HEADS;
  if (copy >= count.x) { return; }
  let head = id.x % KV_HEADS;
  let source = (copies[copy].x * KV_HEADS + head) * HEAD_DIM;
  let to = (copies[copy].y * KV_HEADS + head) * HEAD_DIM;
  for (var j = 0u; j < HEAD_DIM; j++) {
    cacheK[to + j] = cacheK[source + j];
    cacheV[to + j] = cacheV[source + j];
  }
}
