// Log-softmax, the objective and its gradient on the logits, one thread per row (row t predicts token t + 1).
// SFT: cross-entropy. GRPO: ratio, Clip-Higher, dual clip, truncated importance weight, k3 KL and entropy bonus, all
// token means over the whole batch (DAPO; ASTER section 3). `logits` leaves as dLogits unless only log-probabilities
// are asked for. Gradients follow the objective's active branch; the importance weight is a constant.
#include "batch.wgsl"

struct Target {
  mask: f32, // 1: the token this row predicts is in the loss
  advantage: f32,
  oldLogProb: f32,
  samplerLogProb: f32,
  referenceLogProb: f32,
  pad0: f32,
  pad1: f32,
  pad2: f32,
}

struct RowStats {
  loss: f32, // masked, not yet divided by the count; so are the next five
  entropy: f32,
  clipLow: f32,
  clipHigh: f32,
  dualClip: f32,
  kl: f32,
  logProb: f32, // of the predicted token, whether masked in or not
  rowEntropy: f32,
}

@group(0) @binding(0) var<storage, read> tokens: array<vec4<u32>>; // [tokens]: token, position, segment start, segment end
@group(0) @binding(1) var<storage, read> targets: array<Target>;   // [tokens]
@group(0) @binding(2) var<storage, read_write> logits: array<f32>; // [tokens, STRIDE], in: logits, out: dLogits
@group(0) @binding(3) var<storage, read_write> rowStats: array<RowStats>; // [tokens]
@group(0) @binding(4) var<uniform> batch: Batch;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
  let row = id.x;
  if (row >= batch.tokens) { return; }
  let base = row * STRIDE;
  var stats = RowStats();
  if (row + 1u >= tokens[row].w) { // the segment's last row predicts nothing
    rowStats[row] = stats;
    if (batch.objective != 0u) {
      for (var i = 0u; i < STRIDE; i++) { logits[base + i] = 0.0; }
    }
    return;
  }
  let predicted = tokens[row + 1u].x;
  let inverseTemperature = 1.0 / batch.temperature;
  var maximum = logits[base];
  for (var i = 1u; i < VOCABULARY; i++) { maximum = max(maximum, logits[base + i]); }
  var total = 0.0;
  var weighted = 0.0;
  for (var i = 0u; i < VOCABULARY; i++) {
    let z = (logits[base + i] - maximum) * inverseTemperature;
    let e = exp(z);
    total += e;
    weighted += e * z;
  }
  let logTotal = log(total);
  let entropy = logTotal - weighted / total;
  let logProb = (logits[base + predicted] - maximum) * inverseTemperature - logTotal;
  stats.logProb = logProb;
  stats.rowEntropy = entropy;
  if (batch.objective == 0u) {
    rowStats[row] = stats;
    return;
  }
  let goal = targets[row];
  var dLogProb = 0.0; // d(masked loss sum) / d(logProb)
  var dEntropy = 0.0;
  if (goal.mask != 0.0) {
    stats.entropy = entropy;
    if (batch.objective == 1u) {
      stats.loss = -logProb;
      dLogProb = -1.0;
    } else {
      let a = goal.advantage;
      let ratio = exp(logProb - goal.oldLogProb);
      let weight = min(exp(goal.oldLogProb - goal.samplerLogProb), batch.tisCap);
      let free = ratio * a;
      let clipped = clamp(ratio, 1.0 - batch.clipLow, 1.0 + batch.clipHigh) * a;
      var surrogate = min(free, clipped);
      var active_ = free <= clipped;
      stats.clipLow = select(0.0, 1.0, a < 0.0 && ratio < 1.0 - batch.clipLow);
      stats.clipHigh = select(0.0, 1.0, a > 0.0 && ratio > 1.0 + batch.clipHigh);
      if (a < 0.0 && ratio > batch.dualClip) {
        surrogate = batch.dualClip * a;
        active_ = false;
        stats.dualClip = 1.0;
      }
      stats.loss = -weight * surrogate;
      if (active_) { dLogProb = -weight * free; }
      if (batch.klCoefficient != 0.0) {
        let gap = goal.referenceLogProb - logProb;
        stats.kl = exp(gap) - gap - 1.0;
        stats.loss += batch.klCoefficient * stats.kl;
        dLogProb += batch.klCoefficient * (1.0 - exp(gap));
      }
      stats.loss -= batch.entropyCoefficient * entropy;
      dEntropy = -batch.entropyCoefficient;
    }
  }
  rowStats[row] = stats;
  let scale = batch.inverseCount * inverseTemperature;
  for (var i = 0u; i < VOCABULARY; i++) {
    let logP = (logits[base + i] - maximum) * inverseTemperature - logTotal;
    let p = exp(logP);
    let own = select(0.0, 1.0, i == predicted);
    logits[base + i] = scale * (dLogProb * (own - p) - dEntropy * p * (logP + entropy));
  }
  for (var i = VOCABULARY; i < STRIDE; i++) { logits[base + i] = 0.0; } // matmul.wgsl reads whole vec4s
}
