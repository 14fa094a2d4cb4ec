// One query per row and head against its slot's cache: LANES threads share the keys, each with an online softmax of its
// own, merged in workgroup memory. The row's own key and value are appended to the cache on the way.
#include "batch.wgsl"
#include "rollout.wgsl"

@group(0) @binding(0) var<storage, read> qk: array<f32>;  // [rows, (HEADS + KV_HEADS) * HEAD_DIM], after RoPE
@group(0) @binding(1) var<storage, read> qkv: array<f32>; // [rows, (HEADS + 2 KV_HEADS) * HEAD_DIM], for v
@group(0) @binding(2) var<storage, read> tokens: array<vec4<u32>>; // [rows]: token, position, slot, 0
@group(0) @binding(3) var<storage, read_write> cacheK: array<f32>; // [slots, stride, KV_HEADS * HEAD_DIM]
@group(0) @binding(4) var<storage, read_write> cacheV: array<f32>; // like cacheK
@group(0) @binding(5) var<storage, read_write> attended: array<f32>; // [rows, HEADS * HEAD_DIM]
@group(0) @binding(6) var<uniform> batch: Batch;
@group(0) @binding(7) var<uniform> rollout: Rollout;

const SHARED_BY: u32 = HEADS / KV_HEADS; // query heads for each key/value head
const KEY_STRIDE: u32 = KV_HEADS * HEAD_DIM;

var<workgroup> maxima: array<f32, THREADS>;
var<workgroup> totals: array<f32, THREADS>;
var<workgroup> sums: array<f32, THREADS * HEAD_DIM>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let pair = group.x * (THREADS / LANES) + index / LANES;
  let lane = index % LANES;
  let row = pair / HEADS;
  let head = pair % HEADS;
  let kvHead = head / SHARED_BY;
  let live = row < batch.tokens;
  let mine = index * HEAD_DIM;
  var maximum = -3.0e38;
  var total = 0.0;
  if (live) {
    let place = tokens[row];
    let queryAt = (row * (HEADS + KV_HEADS) + head) * HEAD_DIM;
    let keyAt = (row * (HEADS + KV_HEADS) + HEADS + kvHead) * HEAD_DIM;
    let valueAt = (row * (HEADS + 2u * KV_HEADS) + HEADS + KV_HEADS + kvHead) * HEAD_DIM;
    let cached = place.z * rollout.stride * KEY_STRIDE + kvHead * HEAD_DIM;
    for (var j = 0u; j < HEAD_DIM; j++) { sums[mine + j] = 0.0; }
    for (var key = lane; key <= place.y; key += LANES) {
      let isOwn = key == place.y;
      let at = cached + key * KEY_STRIDE;
      var score = 0.0;
      if (isOwn) {
        for (var j = 0u; j < HEAD_DIM; j++) { score += qk[queryAt + j] * qk[keyAt + j]; }
      } else {
        for (var j = 0u; j < HEAD_DIM; j++) { score += qk[queryAt + j] * cacheK[at + j]; }
      }
      score *= SCALE;
      if (score > maximum) {
        let shrink = exp(maximum - score);
        total *= shrink;
        for (var j = 0u; j < HEAD_DIM; j++) { sums[mine + j] *= shrink; }
        maximum = score;
      }
      let p = exp(score - maximum);
      total += p;
      if (isOwn) {
        for (var j = 0u; j < HEAD_DIM; j++) { sums[mine + j] += p * qkv[valueAt + j]; }
      } else {
        for (var j = 0u; j < HEAD_DIM; j++) { sums[mine + j] += p * cacheV[at + j]; }
      }
    }
    if (head % SHARED_BY == 0u) {
      let at = cached + place.y * KEY_STRIDE;
      for (var j = lane; j < HEAD_DIM; j += LANES) {
        cacheK[at + j] = qk[keyAt + j];
        cacheV[at + j] = qkv[valueAt + j];
      }
    }
  }
  maxima[index] = maximum;
  totals[index] = total;
  workgroupBarrier();
  if (!live) { return; }
  let first = index - lane;
  var highest = -3.0e38;
  for (var i = 0u; i < LANES; i++) { highest = max(highest, maxima[first + i]); }
  var mass = 0.0;
  for (var i = 0u; i < LANES; i++) { mass += totals[first + i] * exp(maxima[first + i] - highest); }
  for (var j = lane; j < HEAD_DIM; j += LANES) {
    var value = 0.0;
    for (var i = 0u; i < LANES; i++) {
      value += sums[(first + i) * HEAD_DIM + j] * exp(maxima[first + i] - highest);
    }
    attended[(row * HEADS + head) * HEAD_DIM + j] = value / mass;
  }
}
