/**
 * What a step must cost at least: floating-point operations and bytes moved, from the policy's shape alone.
 *
 * Operations follow the usual accounting (Kaplan et al. 2020, arXiv 2001.08361, section 2.1; Chowdhery et al. 2022, PaLM, appendix B): two per
 * matmul parameter and token forward, twice that backward, together 6 N; attention's two products, 2 dQuery each for every pair of a
 * token and one before it or itself, also times 3. The pairs are counted exactly (causal, T (T + 1) / 2), not as T². Recomputation,
 * norms, softmax and the optimizer count as nothing, so the share of the matmul rate is utilisation, not activity.
 *
 * Bytes are the compulsory traffic of an unfused plan: every operation reads its operands once and writes its result once,
 * weights once a pass; a cache that serves reads twice over is thereby ignored, and fusing saves what is counted here.
 */
import type { PolicyConfig } from '../policy/config.ts';
import { parameterCount } from '../policy/config.ts';

/** Parameters that a token is multiplied with: every matrix, the head (tied or not) once, the embedding's look-up not at all. */
export function matmulParameters(config: PolicyConfig): number {
  const { hiddenSize, headDim, heads, kvHeads, intermediateSize } = config;
  const attention = hiddenSize * headDim * (2 * heads + 2 * kvHeads);
  const layer = attention + 3 * hiddenSize * intermediateSize;
  return config.layers * layer + hiddenSize * config.vocabularySize;
}

/** Forward and backward of sequences of these lengths. */
export function trainingFlops(config: PolicyConfig, lengths: readonly number[]): number {
  const dQuery = config.heads * config.headDim;
  let tokens = 0;
  let pairs = 0;
  for (const length of lengths) {
    tokens += length;
    pairs += (length * (length + 1)) / 2;
  }
  return 6 * matmulParameters(config) * tokens + 12 * config.layers * dQuery * pairs;
}

/** Bytes that one optimizer step moves. */
export function trainingBytes(config: PolicyConfig, tokens: number): number {
  const parameters = parameterCount(config);
  // Weights: read forward, read backward, gradient written; AdamW reads four arrays and writes three.
  const weights = (3 + 7) * parameters;
  // A backward pass reads what the forward one read and wrote, and writes a gradient for each: twice the traffic.
  const activations = 3 * forwardFloats(config) * tokens;
  return 4 * (weights + activations);
}

/**
 * Bytes that decoding moves: all weights at each step of the whole batch, and each token's keys and values so far.
 * @param steps decoding steps, each for every running sequence
 * @param positions how many cached positions were attended to, summed over the tokens decoded
 */
export function decodingBytes(config: PolicyConfig, steps: number, positions: number): number {
  const cached = 2 * config.kvHeads * config.headDim * config.layers;
  return 4 * (steps * parameterCount(config) + positions * cached);
}

/** Floats read and written by one token's forward pass, operation by operation. */
function forwardFloats(config: PolicyConfig): number {
  const { hiddenSize: dModel, headDim, intermediateSize: dFfn } = config;
  const dQuery = config.heads * headDim;
  const dKey = config.kvHeads * headDim;
  const dQkv = dQuery + 2 * dKey;
  const norm = 2 * dModel;
  const qkv = dModel + dQkv;
  const qkNormRope = 2 * (dQuery + dKey);
  const attention = dQkv + dQuery;
  const output = dQuery + 2 * dModel; // with the residual
  const gateUp = dModel + 2 * dFfn;
  const swiglu = 3 * dFfn;
  const down = dFfn + 2 * dModel;
  const layer = 2 * norm + qkv + qkNormRope + attention + output + gateUp + swiglu + down;
  const head = norm + dModel + 2 * config.vocabularySize; // logits written, then read by the loss
  return config.layers * layer + head;
}
