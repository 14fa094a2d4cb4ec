// Log-softmax, the objective and its gradient on the logits. Row t predicts token t + 1.
// SFT: cross-entropy. GRPO: ratio, Clip-Higher, dual clip, truncated importance weight, k3 KL and entropy bonus, all token
// means over the whole batch (DAPO; ASTER section 3). Gradients follow the objective's active branch; the importance weight
// is a constant.
import { words } from '../memory';
import { TOKEN_BYTES } from './embedding';
import { exp, madd, maxLanes, sumLanes } from './lanes';

export const LOG_PROBS: i32 = 0;
export const SFT: i32 = 1;
export const GRPO: i32 = 2;

/** Bytes of a row of `targets`: mask, advantage, old, sampler's and reference log-probability, three unused. */
export const TARGET_BYTES: usize = 32;
/**
 * Bytes of a row of `rowStats`: loss, entropy, low clip, high clip, dual clip, KL (masked in only, not yet divided by the count),
 * then log-probability and entropy of the predicted token (log-probabilities only).
 */
export const STATS_BYTES: usize = 32;

/** What a batch's loss is made of; see `GrpoObjective`. */
@unmanaged
export class Objective {
  kind: i32; // LOG_PROBS, SFT or GRPO
  inverseCount: f32; // 1 / masked-in tokens of the whole batch
  temperature: f32;
  clipLow: f32;
  clipHigh: f32;
  dualClip: f32;
  tisCap: f32;
  entropyCoefficient: f32;
  klCoefficient: f32;
}

/** @param at where it lies; 0: a new one. @returns where it lies */
export function objective(
  at: usize,
  kind: i32,
  inverseCount: f32,
  temperature: f32,
  clipLow: f32,
  clipHigh: f32,
  dualClip: f32,
  tisCap: f32,
  entropyCoefficient: f32,
  klCoefficient: f32,
): usize {
  const o = at ? changetype<Objective>(at) : new Objective();
  o.kind = kind;
  o.inverseCount = inverseCount;
  o.temperature = temperature;
  o.clipLow = clipLow;
  o.clipHigh = clipHigh;
  o.dualClip = dualClip;
  o.tisCap = tisCap;
  o.entropyCoefficient = entropyCoefficient;
  o.klCoefficient = klCoefficient;
  return changetype<usize>(o);
}

/**
 * `logits` leaves as dLogits unless only log-probabilities are asked for.
 * @param firstRow of these rows in the batch: what `tokens` counts from
 * // tokens [rows, 4], targets [rows, 8], logits [rows, stride] -> dLogits in their place, rowStats [rows, 8]
 */
export function loss(
  settings: usize,
  tokens: usize,
  targets: usize,
  logits: usize,
  rowStats: usize,
  rows: i32,
  firstRow: i32,
  vocabulary: i32,
  stride: i32,
): void {
  const o = changetype<Objective>(settings);
  const bytes = words(stride);
  for (let row = 0; row < rows; row++) {
    memory.fill(rowStats, 0, STATS_BYTES);
    const predicts = firstRow + row + 1 < load<i32>(tokens, 12);
    const counts = o.kind === LOG_PROBS || load<f32>(targets) !== 0;
    if (predicts && counts) {
      lossRow(o, logits, load<i32>(tokens + TOKEN_BYTES), targets, rowStats, vocabulary, stride);
    } else if (o.kind !== LOG_PROBS) {
      memory.fill(logits, 0, bytes);
    }
    tokens += TOKEN_BYTES;
    targets += TARGET_BYTES;
    logits += bytes;
    rowStats += STATS_BYTES;
  }
}

function lossRow(
  o: Objective,
  logits: usize,
  predicted: i32,
  target: usize,
  stats: usize,
  vocabulary: i32,
  stride: i32,
): void {
  // The padding takes no part: its exponential is 0, and finite, so that 0 times it is 0.
  for (let i = vocabulary; i < stride; i++) store<f32>(logits + words(i), -1e30);
  const end = logits + words(stride);
  const sharpness: f32 = 1 / o.temperature;
  const sharp = f32x4.splat(sharpness);
  let tops = v128.load(logits);
  for (let at = logits + 16; at < end; at += 16) tops = f32x4.max(tops, v128.load(at));
  const top = maxLanes(tops);
  const shift = f32x4.splat(top);
  let sums = f32x4.splat(0);
  let weighted = f32x4.splat(0);
  for (let at = logits; at < end; at += 16) {
    const z = f32x4.mul(f32x4.sub(v128.load(at), shift), sharp);
    const e = exp(z);
    sums = f32x4.add(sums, e);
    weighted = madd(e, z, weighted);
  }
  const total = sumLanes(sums);
  const logTotal = <f32>NativeMath.log(total);
  const entropy: f32 = logTotal - sumLanes(weighted) / total;
  const logProb: f32 = (load<f32>(logits + words(predicted)) - top) * sharpness - logTotal;
  if (o.kind === LOG_PROBS) {
    store<f32>(stats, logProb, 24);
    store<f32>(stats, entropy, 28);
    return;
  }
  store<f32>(stats, entropy, 4);
  let dLogProb: f32 = -1; // d(sum of masked losses) / d(logProb)
  let dEntropy: f32 = 0;
  if (o.kind === SFT) store<f32>(stats, -logProb);
  else {
    dLogProb = policyGradient(o, logProb, entropy, target, stats);
    dEntropy = -o.entropyCoefficient;
  }
  // d logProb / d logit = [predicted] - p;  d entropy / d logit = -p (log p + entropy)
  const scale: f32 = o.inverseCount * sharpness;
  const own: f32 = scale * dLogProb;
  const pull = f32x4.splat(-own);
  const spread = f32x4.splat(-scale * dEntropy);
  const inverseTotal = f32x4.splat(1 / total);
  const surprise = f32x4.splat(entropy - logTotal);
  for (let at = logits; at < end; at += 16) {
    const z = f32x4.mul(f32x4.sub(v128.load(at), shift), sharp);
    const p = f32x4.mul(exp(z), inverseTotal);
    v128.store(at, f32x4.mul(p, madd(spread, f32x4.add(z, surprise), pull)));
  }
  const place = logits + words(predicted);
  store<f32>(place, load<f32>(place) + own);
}

/** Loss and statistics of one GRPO token. @returns d(loss) / d(logProb) */
function policyGradient(o: Objective, logProb: f32, entropy: f32, target: usize, stats: usize): f32 {
  const advantage = load<f32>(target, 4);
  const old = load<f32>(target, 8);
  const ratio = exponential(logProb - old);
  const weight = min(exponential(old - load<f32>(target, 12)), o.tisCap);
  const free = ratio * advantage;
  const clipped = min(max(ratio, 1 - o.clipLow), 1 + o.clipHigh) * advantage;
  let surrogate = min(free, clipped);
  let active = free <= clipped;
  if (advantage < 0 && ratio < 1 - o.clipLow) store<f32>(stats, 1, 8);
  if (advantage > 0 && ratio > 1 + o.clipHigh) store<f32>(stats, 1, 12);
  if (advantage < 0 && ratio > o.dualClip) {
    surrogate = o.dualClip * advantage;
    active = false;
    store<f32>(stats, 1, 16);
  }
  let value: f32 = -weight * surrogate - o.entropyCoefficient * entropy;
  let slope: f32 = active ? -weight * free : 0;
  if (o.klCoefficient !== 0) {
    const gap = load<f32>(target, 16) - logProb;
    const growth = exponential(gap);
    const kl: f32 = growth - gap - 1;
    store<f32>(stats, kl, 20);
    value += o.klCoefficient * kl;
    slope += o.klCoefficient * (1 - growth);
  }
  store<f32>(stats, value);
  return slope;
}

function exponential(x: f32): f32 {
  return <f32>NativeMath.exp(x);
}
