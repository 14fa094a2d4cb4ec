// Adds the split-K partials into the flat gradient and leaves each workgroup's sum of squares for the global norm.
@group(0) @binding(0) var<storage, read> gradientPartials: array<f32>; // [SPLITS, PARTIAL_STRIDE]
@group(0) @binding(1) var<storage, read_write> gradient: array<f32>; // [PARTIAL_STRIDE]
@group(0) @binding(2) var<storage, read_write> squares: array<f32>;  // [workgroups]

var<workgroup> partials: array<f32, 256>;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  var square = 0.0;
  for (var i = group.x * 1024u + index; i < min((group.x + 1u) * 1024u, PARTIAL_STRIDE); i += 256u) {
    var sum = 0.0;
    for (var split = 0u; split < SPLITS; split++) { sum += gradientPartials[split * PARTIAL_STRIDE + i]; }
    gradient[i] = sum;
    square += sum * sum;
  }
  partials[index] = square;
  workgroupBarrier();
  for (var half = 128u; half > 0u; half /= 2u) {
    if (index < half) { partials[index] += partials[index + half]; }
    workgroupBarrier();
  }
  if (index == 0u) { squares[group.x] = partials[0]; }
}
