/**
 * The losses: token-mean cross-entropy, and the clipped GRPO objective with dual clip and truncated importance sampling.
 *
 *   ratio = exp(logProb - old),  obj = min(ratio A, clamp(ratio, 1 - low, 1 + high) A),  for A < 0: obj = max(obj, dual A)
 *   loss  = -Σ mask w obj / Σ mask,  w = min(exp(old - sampler), cap), a constant to the gradient
 *   plus klCoefficient * mean k3, k3 = exp(ref - logProb) - (ref - logProb) - 1, minus entropyCoefficient * mean entropy.
 *
 * Σ mask runs over the whole batch, so micro-batches add up to the batch's own loss. Cells outside the mask have
 * weight 0 and old log-probability 0, so no overflow can come from them.
 * DAPO (arXiv 2503.14476) for the token mean and Clip-Higher; dual clip: arXiv 1912.09729; k3: Schulman's estimator.
 */
import * as tf from '@tensorflow/tfjs';
import type { BatchLoss, GrpoStats, SftStats } from '../engine.ts';
import type { MicroBatch } from './microBatches.ts';
import { toCells } from './microBatches.ts';
import { oneHot } from './ops.ts';

/** Log-probabilities of the targets at a temperature, and the entropies there, nats. // logits [cells, vocabulary] -> each [cells] */
export function predictions(
  logits: tf.Tensor,
  targets: Int32Array,
  temperature: number,
): { logProbs: tf.Tensor; entropies: tf.Tensor } {
  const all = tf.logSoftmax(tf.div(logits, temperature)); // [cells, vocabulary]
  return {
    logProbs: tf.sum(tf.mul(all, oneHot(targets, logits.shape[1]!)), -1),
    entropies: tf.neg(tf.sum(tf.mul(tf.exp(all), all), -1)),
  };
}

/** What `microLoss` sums over its tokens, in this order. */
const SUMS = ['loss', 'entropy', 'clipLow', 'clipHigh', 'dualClip', 'kl'] as const;

/**
 * A micro-batch's share of the loss and of the statistics.
 * @param tokens masked-in tokens of the whole batch
 * @returns the loss, differentiable, and // sums [SUMS.length]
 */
export function microLoss(
  logits: tf.Tensor,
  batch: BatchLoss,
  micro: MicroBatch,
  tokens: number,
): { loss: tf.Scalar; sums: tf.Tensor } {
  /** One number a cell; 0 outside the loss mask. */
  const cells = (valueOf: (member: number, token: number) => number) =>
    tf.tensor1d(
      toCells(micro, batch.sequences, (m, t) => (batch.sequences[m]!.lossMask[t] ? valueOf(m, t) : 0)),
    );
  const mask = cells(() => 1);
  const sum = (x: tf.Tensor): tf.Tensor => tf.sum(tf.mul(mask, x));
  if (batch.kind === 'sft') {
    const surprise = tf.neg(sum(predictions(logits, micro.targets, 1).logProbs));
    const sums = tf.pad(tf.reshape(surprise, [1]), [[0, SUMS.length - 1]]);
    return { loss: tf.div(surprise, tokens).asScalar(), sums };
  }
  const { objective, sequences, referenceLogProbs } = batch;
  const { logProbs, entropies } = predictions(logits, micro.targets, objective.temperature);
  const low = 1 - objective.clipLow;
  const high = 1 + objective.clipHigh;
  const old = cells((m, t) => sequences[m]!.oldLogProbs[t]!);
  const advantage = cells((m) => sequences[m]!.advantage);
  const weight = cells((m, t) => {
    const { oldLogProbs, samplerLogProbs } = sequences[m]!;
    return Math.min(Math.exp(oldLogProbs[t]! - samplerLogProbs[t]!), objective.tisCap);
  });
  const floor = cells((m) => dualClipFloor(sequences[m]!.advantage, objective.dualClip));
  const ratio = tf.exp(tf.sub(logProbs, old));
  const clipped = tf.mul(tf.clipByValue(ratio, low, high), advantage);
  const bounded = tf.maximum(tf.minimum(tf.mul(ratio, advantage), clipped), floor);
  let loss = tf.neg(sum(tf.mul(weight, bounded)));
  const entropy = sum(entropies);
  if (objective.entropyCoefficient !== 0) {
    loss = tf.sub(loss, tf.mul(entropy, objective.entropyCoefficient));
  }
  let kl: tf.Tensor = tf.scalar(0);
  if (objective.klCoefficient !== 0) {
    const difference = tf.sub(
      cells((m, t) => referenceLogProbs![m]![t]!),
      logProbs,
    );
    kl = sum(tf.sub(tf.expm1(difference), difference));
    loss = tf.add(loss, tf.mul(kl, objective.klCoefficient));
  }
  const fraction = (a: tf.Tensor, b: tf.Tensor) => sum(tf.cast(tf.logicalAnd(a, b), 'float32'));
  const isGood = tf.greater(advantage, 0);
  const isBad = tf.less(advantage, 0);
  const clips = [
    fraction(isBad, tf.less(ratio, low)),
    fraction(isGood, tf.greater(ratio, high)),
    fraction(isBad, tf.greater(ratio, objective.dualClip)),
  ];
  return { loss: tf.div(loss, tokens).asScalar(), sums: tf.stack([loss, entropy, ...clips, kl]) };
}

/** obj >= dual A where A < 0; elsewhere a bound that never binds. */
function dualClipFloor(advantage: number, dualClip: number): number {
  return advantage < 0 ? dualClip * advantage : -1e30;
}

/** @param sums of every micro-batch // each [SUMS.length] */
export function batchStats(
  batch: BatchLoss,
  tokens: number,
  sums: readonly Float32Array[],
  gradNorm: number,
): SftStats | GrpoStats {
  const mean = (name: (typeof SUMS)[number]) =>
    sums.reduce((total, sum) => total + sum[SUMS.indexOf(name)]!, 0) / tokens;
  if (batch.kind === 'sft') return { loss: mean('loss'), gradNorm, tokens };
  return {
    loss: mean('loss'),
    gradNorm,
    tokens,
    entropy: mean('entropy'),
    clipLowFraction: mean('clipLow'),
    clipHighFraction: mean('clipHigh'),
    dualClipFraction: mean('dualClip'),
    klToReference: mean('kl'),
  };
}
