// A row's sum by LANES threads of a 64-thread workgroup: one barrier, and the order of additions is fixed. With one lane
// a row (a CPU rasteriser, where barriers are dear) there is nothing to share.
const ROWS_PER_GROUP: u32 = 64u / LANES;
#if SHARED_ROWS
var<workgroup> lanePartials: array<f32, 64>;
#endif

// Must be called by all 64 threads of the workgroup, once.
fn rowSum(index: u32, partial: f32) -> f32 {
#if SHARED_ROWS
  lanePartials[index] = partial;
  workgroupBarrier();
  let first = index - index % LANES;
  var total = 0.0;
  for (var i = 0u; i < LANES; i++) { total += lanePartials[first + i]; }
  return total;
#else
  return partial;
#endif
}
