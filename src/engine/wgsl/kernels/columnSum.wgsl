// A column's sum by 8 threads of a workgroup of 32 columns x 8: one barrier, and the order of additions is fixed.
var<workgroup> columnPartials: array<f32, 256>;

// Must be called by all 256 threads of the workgroup, once; the sum is valid where `lane` is 0.
fn columnSum(column: u32, lane: u32, partial: f32) -> f32 {
  columnPartials[lane * 32u + column] = partial;
  workgroupBarrier();
  var total = 0.0;
  for (var i = 0u; i < 8u; i++) { total += columnPartials[i * 32u + column]; }
  return total;
}
