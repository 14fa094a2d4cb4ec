// The sampler of src/policy/sampling.ts for one row: arg max, or the inverse of the cumulative distribution at a counter-based
// uniform number, with the log-probability at the sampling temperature over the whole vocabulary.
import { words } from '../memory';
import { exp, loadPartial, storePartial } from './lanes';

function pcgHash(input: u32): u32 {
  const state = input * 747796405 + 2891336453;
  const word = ((state >> ((state >> 28) + 4)) ^ state) * 277803737;
  return (word >> 22) ^ word;
}

/** In [0, 1), from the session's seed, the sequence's number and the position alone. */
export function uniformAt(seed: u32, sequence: u32, position: u32): f64 {
  return <f64>pcgHash(pcgHash(pcgHash(seed) ^ sequence) ^ position) / 4294967296.0;
}

/**
 * @param temperature 0: the arg max, its log-probability at temperature 1
 * @param logProb where the token's log-probability is stored
 * @returns the token
 * // logits [vocabulary], weights [vocabulary] (scratch)
 */
export function sampleToken(
  logits: usize,
  vocabulary: i32,
  temperature: f32,
  topP: f64,
  uniform: f64,
  weights: usize,
  logProb: usize,
): i32 {
  let best = 0;
  let top = load<f32>(logits);
  for (let i = 1; i < vocabulary; i++) {
    const z = load<f32>(logits + words(i));
    if (z > top) {
      top = z;
      best = i;
    }
  }
  const sharpness: f32 = temperature === 0 ? 1 : 1 / temperature;
  for (let i = 0; i < vocabulary; i += 4) {
    const count = vocabulary - i;
    const at = words(i);
    const z = count >= 4 ? v128.load(logits + at) : loadPartial(logits + at, count, 0);
    const weight = exp(f32x4.mul(f32x4.sub(z, f32x4.splat(top)), f32x4.splat(sharpness)));
    if (count >= 4) v128.store(weights + at, weight);
    else storePartial(weights + at, count, weight);
  }
  let total: f64 = 0;
  for (let i = 0; i < vocabulary; i++) total += load<f32>(weights + words(i));
  let token = best;
  if (temperature !== 0) {
    const kept = topP < 1 ? cutToNucleus(logits, weights, vocabulary, total * topP) : total;
    const target = uniform * kept;
    let cumulative: f64 = 0;
    for (let i = 0; i < vocabulary; i++) {
      const weight = load<f32>(weights + words(i));
      if (weight === 0) continue;
      cumulative += weight;
      token = i;
      if (cumulative > target) break;
    }
  }
  const z: f64 = (load<f32>(logits + words(token)) - top) * sharpness;
  store<f32>(logProb, <f32>(z - NativeMath.log(total)));
  return token;
}

/** Zero every weight outside the smallest set of most probable tokens of at least `mass`; equal ones by their id. @returns the mass kept */
function cutToNucleus(logits: usize, weights: usize, vocabulary: i32, mass: f64): f64 {
  let kept: f64 = 0;
  let last = -1; // the nucleus's newest member
  let lastLogit: f32 = Infinity;
  while (kept < mass) {
    let next = -1;
    let logit: f32 = -Infinity;
    for (let i = 0; i < vocabulary; i++) {
      const z = load<f32>(logits + words(i));
      const after = z < lastLogit || (z === lastLogit && i > last);
      if (after && (next < 0 || z > logit)) {
        next = i;
        logit = z;
      }
    }
    if (next < 0) break;
    last = next;
    lastLogit = logit;
    kept += load<f32>(weights + words(next));
  }
  for (let i = 0; i < vocabulary; i++) {
    const z = load<f32>(logits + words(i));
    if (z < lastLogit || (z === lastLogit && i > last)) store<f32>(weights + words(i), 0);
  }
  return kept;
}
