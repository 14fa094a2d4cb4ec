// AdamW over the whole flat parameter buffer in one dispatch (Loshchilov & Hutter 2019): clipping, moments, bias
// correction, decoupled decay on the tensors marked for it. Does nothing when the loss or the norm was not finite.
#include "optimizer.wgsl"

@group(0) @binding(0) var<storage, read> gradient: array<f32>; // [parameters]
@group(0) @binding(1) var<storage, read> decayed: array<u32>;  // [parameters / 64]: 1 where weight decay applies
@group(0) @binding(2) var<storage, read> totals: array<f32>;   // [16]: 9 clip factor, 10 finite, 12 late
@group(0) @binding(3) var<storage, read_write> parameters: array<f32>;
@group(0) @binding(4) var<storage, read_write> m: array<f32>;
@group(0) @binding(5) var<storage, read_write> v: array<f32>;
@group(0) @binding(6) var<uniform> optimizer: Optimizer;

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) index: u32) {
  if (totals[10] == 0.0) { return; }
  let late = totals[12] == 1.0;
  let correction1 = select(optimizer.correction1, optimizer.lateCorrection1, late);
  let correction2 = select(optimizer.correction2, optimizer.lateCorrection2, late);
  for (var i = group.x * 1024u + index; i < min((group.x + 1u) * 1024u, PARTIAL_STRIDE); i += 256u) {
    let g = gradient[i] * totals[9];
    let first = optimizer.beta1 * m[i] + (1.0 - optimizer.beta1) * g;
    let second = optimizer.beta2 * v[i] + (1.0 - optimizer.beta2) * g * g;
    m[i] = first;
    v[i] = second;
    let decay = select(0.0, optimizer.weightDecay, decayed[i / 64u] == 1u);
    let update = first / correction1 / (sqrt(second / correction2) + optimizer.epsilon);
    parameters[i] = parameters[i] * (1.0 - optimizer.learningRate * decay) - optimizer.learningRate * update;
  }
}
