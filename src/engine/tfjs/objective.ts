/**
 * The losses: token-mean cross-entropy, and the clipped GRPO objective with dual clip and truncated importance sampling.
 *
 *   ratio = exp(logProb - old),  obj = min(ratio A, clamp(ratio, 1 - low, 1 + high) A),  for A < 0: obj = max(obj, dual A)
 *   loss  = -Σ mask w obj / Σ mask,  w = min(exp(old - sampler), cap), a constant to the gradient
 *   plus klCoefficient * mean k3, k3 = exp(ref - logProb) - (ref - logProb) - 1, minus entropyCoefficient * mean entropy.
 *
 * Σ mask runs over the whole batch, so micro-batches add up to the batch's own loss. Cells outside the mask have
 * weight 0 and old log-probability 0, so no overflow can come from them. Statistics are computed once, here, in double
 * precision, from the log-probabilities the device returns.
 * DAPO (arXiv 2503.14476) for the token mean and Clip-Higher; dual clip: arXiv 1912.09729; k3: Schulman's estimator.
 */
import * as tf from '@tensorflow/tfjs';
import type { BatchLoss, GrpoStats, SftStats } from '../engine.ts';
import type { MicroBatch } from './batching.ts';
import { scatterToCells } from './batching.ts';
import { differentiable } from './ops.ts';

/** Log-probabilities of the targets, and of the whole vocabulary, at a temperature. */
export function logProbsOf(
  logits: tf.Tensor, // [cells, vocabulary]
  oneHotTargets: tf.Tensor, // [cells, vocabulary]
  temperature: number,
): { chosen: tf.Tensor; all: tf.Tensor } {
  const scaled = temperature === 1 ? logits : tf.mul(logits, 1 / temperature);
  const all = tf.logSoftmax(scaled); // [cells, vocabulary]
  return { chosen: tf.sum(tf.mul(all, oneHotTargets), -1), all }; // chosen [cells]
}

/** Entropy of each row of log-probabilities, nats. // [cells, vocabulary] -> [cells] */
export function entropyOf(logProbs: tf.Tensor): tf.Tensor {
  return tf.neg(tf.sum(tf.mul(tf.exp(logProbs), logProbs), -1));
}

/** What a micro-batch's loss is made of, beside the loss itself: read back for the statistics. */
export interface MicroReadout {
  readonly chosen: tf.Tensor; // [cells]
  readonly entropy: tf.Tensor | null; // [cells], GRPO only
}

/**
 * A micro-batch's share of the loss as a function of its logits.
 * @param keepReadout receives tensors to `tf.keep` (they are made inside the gradient's own scope)
 */
export function microLoss(
  logits: tf.Tensor,
  batch: BatchLoss,
  micro: MicroBatch,
  totalTokens: number,
  oneHotOf: (tokens: tf.Tensor) => tf.Tensor,
  keepReadout: (readout: MicroReadout) => void,
): tf.Scalar {
  const temperature = batch.kind === 'grpo' ? batch.objective.temperature : 1;
  const block = differentiable(([logits], save) => {
    if (!logits) throw new Error('microLoss() takes logits.');
    const oneHot = oneHotOf(tf.tensor1d(micro.targets, 'int32'));
    const { chosen, all } = logProbsOf(logits, oneHot, temperature);
    const entropy = batch.kind === 'grpo' ? entropyOf(all) : null;
    keepReadout({ chosen, entropy });
    const terms = lossTerms(batch, micro, totalTokens, chosen, entropy);
    save([all, oneHot, terms.dChosen, ...(terms.dEntropy && entropy ? [terms.dEntropy, entropy] : [])]);
    return {
      value: terms.loss,
      gradients: (dy, [all, oneHot, dChosen, dEntropy, entropy]) => {
        if (!all || !oneHot || !dChosen) throw new Error('microLoss() lost its saved tensors.');
        const column = (x: tf.Tensor) => tf.reshape(x, [-1, 1]);
        const probabilities = tf.exp(all);
        // d logProb(target) / d logit = [target] - p;  d entropy / d logit = -p (log p + entropy)
        let dLogits = tf.mul(column(dChosen), tf.sub(oneHot, probabilities));
        if (dEntropy && entropy) {
          const surprise = tf.mul(probabilities, tf.add(all, column(entropy)));
          dLogits = tf.sub(dLogits, tf.mul(column(dEntropy), surprise));
        }
        return [tf.mul(dLogits, tf.div(dy, temperature))];
      },
    };
  });
  return block(logits) as tf.Scalar;
}

interface LossTerms {
  readonly loss: tf.Tensor; // []
  readonly dChosen: tf.Tensor; // [cells], d loss / d log-probability
  readonly dEntropy: tf.Tensor | null; // [cells], d loss / d entropy
}

function lossTerms(
  batch: BatchLoss,
  micro: MicroBatch,
  totalTokens: number,
  chosen: tf.Tensor,
  entropy: tf.Tensor | null,
): LossTerms {
  const lengthOf = (member: number) => batch.sequences[member]!.tokens.length;
  /** One number per cell; 0 outside the loss mask. */
  const cells = (valueOf: (member: number, token: number) => number) =>
    tf.tensor1d(
      scatterToCells(micro, (m, t) => (batch.sequences[m]!.lossMask[t] ? valueOf(m, t) : 0), lengthOf),
    );
  if (batch.kind === 'sft') {
    const dChosen = cells(() => -1 / totalTokens);
    return { loss: tf.sum(tf.mul(chosen, dChosen)), dChosen, dEntropy: null };
  }
  const { objective, sequences } = batch;
  const old = cells((m, t) => sequences[m]!.oldLogProbs[t]!);
  const advantage = cells((m) => sequences[m]!.advantage);
  const weight = cells((m, t) => -tisWeight(batch, m, t) / totalTokens);
  const floor = cells((m) => dualClipFloor(sequences[m]!.advantage, objective.dualClip));
  const ratio = tf.exp(tf.sub(chosen, old));
  const gain = tf.mul(ratio, advantage); // also d gain / d chosen
  const clipped = tf.mul(tf.clipByValue(ratio, 1 - objective.clipLow, 1 + objective.clipHigh), advantage);
  const bounded = tf.maximum(tf.minimum(gain, clipped), floor);
  let loss: tf.Tensor = tf.sum(tf.mul(weight, bounded));
  // the gradient flows where neither clip binds, that is where the bounded objective still is the gain
  let dChosen = tf.mul(tf.mul(weight, gain), tf.cast(tf.equal(bounded, gain), 'float32'));
  if (objective.klCoefficient > 0) {
    const reference = cells((m, t) => batch.referenceLogProbs![m]![t]!);
    const scale = cells(() => objective.klCoefficient / totalTokens);
    const difference = tf.sub(reference, chosen);
    const growth = tf.sub(tf.exp(difference), 1); // k3 = growth - difference, d k3 / d chosen = -growth
    loss = tf.add(loss, tf.sum(tf.mul(scale, tf.sub(growth, difference))));
    dChosen = tf.sub(dChosen, tf.mul(scale, growth));
  }
  if (objective.entropyCoefficient === 0 || !entropy) return { loss, dChosen, dEntropy: null };
  const dEntropy = cells(() => -objective.entropyCoefficient / totalTokens);
  return { loss: tf.add(loss, tf.sum(tf.mul(dEntropy, entropy))), dChosen, dEntropy };
}

type GrpoBatch = Extract<BatchLoss, { kind: 'grpo' }>;

function tisWeight(batch: GrpoBatch, member: number, token: number): number {
  const { oldLogProbs, samplerLogProbs } = batch.sequences[member]!;
  const gap = oldLogProbs[token]! - samplerLogProbs[token]!;
  return Math.min(Math.exp(gap), batch.objective.tisCap);
}

/** obj >= dual A where A < 0; elsewhere a bound that never binds. */
function dualClipFloor(advantage: number, dualClip: number): number {
  return advantage < 0 ? dualClip * advantage : -1e30;
}

/** Loss, entropy, clip fractions and KL of a batch from its tokens' log-probabilities. // each [sequences][tokens] */
export function batchStats(
  batch: BatchLoss,
  logProbs: readonly Float32Array[],
  entropies: readonly Float32Array[],
  gradNorm: number,
): SftStats | GrpoStats {
  let tokens = 0;
  let objectiveSum = 0;
  let entropySum = 0;
  let low = 0;
  let high = 0;
  let dual = 0;
  let kl = 0;
  batch.sequences.forEach((sequence, s) => {
    for (let t = 1; t < sequence.tokens.length; t++) {
      if (!sequence.lossMask[t]) continue;
      tokens++;
      const logProb = logProbs[s]![t]!;
      if (batch.kind === 'sft') {
        objectiveSum += logProb;
        continue;
      }
      const { objective } = batch;
      const { advantage, oldLogProbs } = batch.sequences[s]!;
      const ratio = Math.exp(logProb - oldLogProbs[t]!);
      const clamped = Math.min(Math.max(ratio, 1 - objective.clipLow), 1 + objective.clipHigh);
      const pessimistic = Math.min(ratio * advantage, clamped * advantage);
      objectiveSum +=
        tisWeight(batch, s, t) * Math.max(pessimistic, dualClipFloor(advantage, objective.dualClip));
      entropySum += entropies[s]![t]!;
      if (advantage < 0 && ratio < 1 - objective.clipLow) low++;
      if (advantage > 0 && ratio > 1 + objective.clipHigh) high++;
      if (advantage < 0 && ratio > objective.dualClip) dual++;
      if (objective.klCoefficient > 0) {
        const difference = batch.referenceLogProbs![s]![t]! - logProb;
        kl += Math.exp(difference) - difference - 1;
      }
    }
  });
  const mean = (sum: number) => sum / tokens;
  if (batch.kind === 'sft') return { loss: -mean(objectiveSum), gradNorm, tokens };
  const { klCoefficient, entropyCoefficient } = batch.objective;
  return {
    loss: -mean(objectiveSum) + klCoefficient * mean(kl) - entropyCoefficient * mean(entropySum),
    gradNorm,
    tokens,
    entropy: mean(entropySum),
    clipLowFraction: mean(low),
    clipHighFraction: mean(high),
    dualClipFraction: mean(dual),
    klToReference: mean(kl),
  };
}
