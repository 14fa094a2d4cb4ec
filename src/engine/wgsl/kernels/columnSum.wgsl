// A column's sum by LANES threads of a workgroup of COLUMNS x LANES: one barrier, and the order of additions is fixed.
// With one lane a column (a CPU rasteriser, where barriers are dear) there is nothing to share.
#if SHARED_COLUMNS
var<workgroup> columnPartials: array<f32, COLUMNS * LANES>;
#endif

// Must be called by all threads of the workgroup, once; the sum is valid where `lane` is 0.
fn columnSum(column: u32, lane: u32, partial: f32) -> f32 {
#if SHARED_COLUMNS
  columnPartials[lane * COLUMNS + column] = partial;
  workgroupBarrier();
  var total = 0.0;
  for (var i = 0u; i < LANES; i++) { total += columnPartials[i * COLUMNS + column]; }
  return total;
#else
  return partial;
#endif
}
