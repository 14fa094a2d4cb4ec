// Attention of rollouts: one query per row and head against its slot's cache up to the row's own position, whose key
// qkNormRope.wgsl has just put there, as it has those of the rows before it in a prefill. LANES threads share the keys (a key's
// lane follows from its position alone, so the sum does not depend on how a sequence was cut into rows and steps), each with an
// online softmax of its own in registers, merged in workgroup memory.
#include "batch.wgsl"
#include "chunks.wgsl"
#include "rollout.wgsl"

@group(0) @binding(0) var<storage, read> qk: array<Chunk>;     // [rows, (HEADS + KV_HEADS) * CHUNKS], q after RoPE
@group(0) @binding(1) var<storage, read> tokens: array<vec4<u32>>; // [rows]: token, position, slot, 0
@group(0) @binding(2) var<storage, read> cacheK: array<Chunk>; // [slots, stride, KV_HEADS * CHUNKS]
@group(0) @binding(3) var<storage, read> cacheV: array<Chunk>; // like cacheK
@group(0) @binding(4) var<storage, read_write> attended: array<Chunk>; // [rows, HEADS * CHUNKS]
@group(0) @binding(5) var<uniform> batch: Batch;
@group(0) @binding(6) var<uniform> rollout: Rollout;

const KEY_STRIDE: u32 = KV_HEADS * CHUNKS;

#if MERGES
var<workgroup> maxima: array<f32, THREADS>;
var<workgroup> totals: array<f32, THREADS>;
var<workgroup> sums: array<Chunk, THREADS * CHUNKS>;
#endif

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  let pair = group.x * (THREADS / LANES) + index / LANES;
  let lane = index % LANES;
  let row = pair / HEADS;
  let head = pair % HEADS;
  let kvHead = head / SHARED_BY;
  let live = row < batch.tokens;
  var maximum = -3.0e38;
  var total = 0.0;
#for C CHUNKS
  var sum{C} = Chunk();
#end
  if (live) {
    let place = tokens[row];
    let queryAt = (row * (HEADS + KV_HEADS) + head) * CHUNKS;
    let cached = place.z * rollout.stride * KEY_STRIDE + kvHead * CHUNKS;
#for C CHUNKS
    let q{C} = qk[queryAt + {C}u] * SCALE;
#end
    for (var key = lane; key <= place.y; key += LANES) {
      let at = cached + key * KEY_STRIDE;
      var score = 0.0;
#for C CHUNKS
      score += dot(q{C}, cacheK[at + {C}u]);
#end
      if (score > maximum) {
        let shrink = exp(maximum - score);
        total *= shrink;
#for C CHUNKS
        sum{C} *= shrink;
#end
        maximum = score;
      }
      let p = exp(score - maximum);
      total += p;
#for C CHUNKS
      sum{C} += p * cacheV[at + {C}u];
#end
    }
  }
  let to = (row * HEADS + head) * CHUNKS;
#if MERGES
  maxima[index] = maximum;
  totals[index] = total;
#for C CHUNKS
  sums[index * CHUNKS + {C}u] = sum{C};
#end
  workgroupBarrier();
  if (!live) { return; }
  let first = index - lane;
  var highest = -3.0e38;
  for (var i = 0u; i < LANES; i++) { highest = max(highest, maxima[first + i]); }
  var mass = 0.0;
  for (var i = 0u; i < LANES; i++) { mass += totals[first + i] * exp(maxima[first + i] - highest); }
  for (var c = lane; c < CHUNKS; c += LANES) {
    var value = Chunk();
    for (var i = 0u; i < LANES; i++) {
      value += sums[(first + i) * CHUNKS + c] * exp(maxima[first + i] - highest);
    }
    attended[to + c] = value / mass;
  }
#else
  if (!live) { return; }
#for C CHUNKS
  attended[to + {C}u] = sum{C} / total;
#end
#endif
}
