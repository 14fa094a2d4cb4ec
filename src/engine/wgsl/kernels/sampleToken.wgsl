// The sampler of src/policy/sampling.ts for one slot: arg max, or inverse CDF at a counter-based uniform number, with the
// log-probability at the sampling temperature over the whole vocabulary. Uses `logits`, `stopKinds`, `output` and
// `rollout`, which the including kernel binds.

fn pcgHash(input: u32) -> u32 {
  let state = input * 747796405u + 2891336453u;
  let word = ((state >> ((state >> 28u) + 4u)) ^ state) * 277803737u;
  return (word >> 22u) ^ word;
}

fn uniformAt(seed: u32, sequence: u32, position: u32) -> f32 {
  return f32(pcgHash(pcgHash(pcgHash(seed) ^ sequence) ^ position)) / 4294967296.0;
}

// The nucleus's last member in the order (weight falling, id rising): everything before it in that order is kept too.
fn nucleusEnd(base: u32, maximum: f32, inverseTemperature: f32, mass: f32) -> vec2<u32> {
  var lastLogit = maximum;
  var lastToken = 0u;
  var kept = 0.0;
  var first = true;
  for (var round = 0u; round < VOCABULARY; round++) {
    var found = VOCABULARY;
    var logit = -3.0e38;
    for (var i = 0u; i < VOCABULARY; i++) {
      let z = logits[base + i];
      let after = first || z < lastLogit || (z == lastLogit && i > lastToken);
      if (after && (found == VOCABULARY || z > logit)) {
        found = i;
        logit = z;
      }
    }
    if (found == VOCABULARY) { break; }
    first = false;
    lastLogit = logit;
    lastToken = found;
    kept += exp((logit - maximum) * inverseTemperature);
    if (kept >= mass) { break; }
  }
  return vec2<u32>(lastToken, bitcast<u32>(kept));
}

// Advances a running slot by one token and records it; `base` is where its logits begin.
fn advanceSlot(slot: Slot, index: u32, base: u32) -> Slot {
  var next = slot;
  next.position += 1u;
  let greedy = rollout.temperature == 0.0;
  let inverseTemperature = 1.0 / select(rollout.temperature, 1.0, greedy);
  var best = 0u;
  for (var i = 1u; i < VOCABULARY; i++) {
    if (logits[base + i] > logits[base + best]) { best = i; }
  }
  let maximum = logits[base + best];
  var total = 0.0;
  for (var i = 0u; i < VOCABULARY; i++) { total += exp((logits[base + i] - maximum) * inverseTemperature); }
  var token = best;
  if (!greedy) {
    var end = vec2<u32>(VOCABULARY, bitcast<u32>(total));
    if (rollout.topP < 1.0) { end = nucleusEnd(base, maximum, inverseTemperature, total * rollout.topP); }
    let cut = rollout.topP < 1.0;
    let goal = uniformAt(rollout.seed, slot.id, next.position) * bitcast<f32>(end.y);
    let endLogit = logits[base + min(end.x, VOCABULARY - 1u)];
    var cumulative = 0.0;
    for (var i = 0u; i < VOCABULARY; i++) {
      let z = logits[base + i];
      if (cut && (z < endLogit || (z == endLogit && i > end.x))) { continue; }
      let weight = exp((z - maximum) * inverseTemperature);
      if (weight == 0.0) { continue; }
      cumulative += weight;
      token = i;
      if (cumulative > goal) { break; }
    }
  }
  let logProb = (logits[base + token] - maximum) * inverseTemperature - log(total);
  let kind = stopKinds[token];
  if (kind != 0u) { next.status = kind; } else if (next.position + 1u >= rollout.context) { next.status = FULL; }
  next.token = token;
  output[index * rollout.chunk + next.position % rollout.chunk] = vec2<u32>(token, bitcast<u32>(logProb));
  return next;
}
