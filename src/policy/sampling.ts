/**
 * Sampling: one token from logits, with the log-probability it was drawn with.
 *
 * Invariants. (1) Randomness is counter-based: the uniform number for a token depends only on the session's seed, the
 * sequence's own number and the position, so a sequence's sample does not depend on what else is in the batch, on
 * scheduling, or on which engine runs it. (2) The log-probability returned is that of the *temperature* distribution over the
 * whole vocabulary, before top-p cuts it: it is the `old` log-probability of the GRPO ratio, and training samples with
 * topP = 1, where both agree. (3) Every engine implements exactly this; this file is the specification.
 */

export interface SamplingSettings {
  /** Softmax temperature; 0 means greedy (arg max, log-probability at temperature 1). */
  readonly temperature: number;
  /** Nucleus: the smallest set of most probable tokens whose mass reaches topP; 1 keeps every token. */
  readonly topP: number;
}

export interface SampledToken {
  readonly token: number;
  /** Natural log of the token's probability at the sampling temperature. */
  readonly logProb: number;
}

/** A uniform number in [0, 1) for one position of one sequence: two rounds of a 32-bit PCG hash (Jarzynski & Olano 2020). */
export function uniformAt(seed: number, sequence: number, position: number): number {
  return pcgHash(pcgHash(pcgHash(seed) ^ sequence) ^ position) / 2 ** 32;
}

function pcgHash(input: number): number {
  const state = (Math.imul(input, 747796405) + 2891336453) >>> 0;
  const word = Math.imul(((state >>> ((state >>> 28) + 4)) ^ state) >>> 0, 277803737) >>> 0;
  return ((word >>> 22) ^ word) >>> 0;
}

/**
 * Draw a token by inverting the cumulative distribution at `uniform`.
 * @param logits // [vocabulary], a row of `data` starting at `offset`
 */
export function sampleToken(
  data: Float32Array,
  offset: number,
  vocabularySize: number,
  settings: SamplingSettings,
  uniform: number,
): SampledToken {
  let best = 0;
  for (let i = 1; i < vocabularySize; i++) {
    if (data[offset + i]! > data[offset + best]!) best = i;
  }
  const maximum = data[offset + best]!;
  const greedy = settings.temperature === 0;
  const temperature = greedy ? 1 : settings.temperature;
  const weights = new Float64Array(vocabularySize); // [vocabulary], unnormalised probabilities
  let total = 0;
  for (let i = 0; i < vocabularySize; i++) {
    const weight = Math.exp((data[offset + i]! - maximum) / temperature);
    weights[i] = weight;
    total += weight;
  }
  const logProbOf = (token: number) => (data[offset + token]! - maximum) / temperature - Math.log(total);
  if (greedy) return { token: best, logProb: logProbOf(best) };
  const kept = settings.topP < 1 ? cutToNucleus(weights, total * settings.topP) : total;
  const target = uniform * kept;
  let cumulative = 0;
  let token = best;
  for (let i = 0; i < vocabularySize; i++) {
    const weight = weights[i]!;
    if (weight === 0) continue;
    cumulative += weight;
    token = i;
    if (cumulative > target) break;
  }
  return { token, logProb: logProbOf(token) };
}

/** Zero every weight outside the nucleus; returns the mass that is kept. Ties go to the lower id. */
function cutToNucleus(weights: Float64Array, mass: number): number {
  const order = [...weights.keys()].sort((a, b) => weights[b]! - weights[a]! || a - b);
  let kept = 0;
  for (const i of order) {
    if (kept >= mass) weights[i] = 0;
    else kept += weights[i]!;
  }
  return kept;
}
