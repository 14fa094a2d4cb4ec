/**
 * Gradients of a batch: micro-batch by micro-batch, accumulated on the device, read back once.
 *
 * The result is the gradient of the whole batch's token-mean loss, whatever the packing; the device is asked for
 * numbers exactly once per batch (a read-back costs more than a micro-batch on some backends).
 */
import * as tf from '@tensorflow/tfjs';
import { countMasked } from '../layout/packing.ts';
import type { BatchLoss, GrpoStats, SequenceLogProbs, SftStats } from '../engine.ts';
import type { MicroBatch, PackingLimits } from './batching.ts';
import { packSequences } from './batching.ts';
import type { ForwardInputs, Model } from './model.ts';
import { batchStats, entropyOf, logProbsOf, microLoss } from './objective.ts';

export interface BatchGradient {
  readonly stats: SftStats | GrpoStats;
  /** The caller disposes it. // [parameters] */
  readonly gradient: tf.Tensor;
}

export async function batchGradient(
  model: Model,
  weights: readonly tf.Tensor[],
  batch: BatchLoss,
  heads: number,
  limits: PackingLimits,
): Promise<BatchGradient> {
  const totalTokens = countMasked(batch);
  const micros = packSequences(batch.sequences, heads, limits);
  let gradient: tf.Tensor | null = null;
  const readouts: tf.Tensor[] = [];
  for (const micro of micros) {
    const result = tf.tidy(() => microGradient(model, weights, batch, micro, totalTokens));
    readouts.push(result.readout);
    if (gradient) {
      const sum: tf.Tensor = tf.add(gradient, result.gradient);
      tf.dispose([gradient, result.gradient]);
      gradient = sum;
    } else gradient = result.gradient;
  }
  if (!gradient) throw new Error('The batch is empty.');
  const total = gradient;
  const packed = tf.tidy(() => tf.concat([squaredNormParts(total), ...readouts]));
  tf.dispose(readouts);
  const numbers = (await packed.data()) as Float32Array;
  packed.dispose();
  const parts = Math.ceil(total.size / NORM_BLOCK);
  let squared = 0;
  for (let i = 0; i < parts; i++) squared += numbers[i]!;
  const { logProbs, entropies } = unpack(
    batch.sequences,
    micros,
    numbers.subarray(parts),
    batch.kind === 'grpo',
  );
  return { stats: batchStats(batch, logProbs, entropies, Math.sqrt(squared)), gradient: total };
}

function microGradient(
  model: Model,
  weights: readonly tf.Tensor[],
  batch: BatchLoss,
  micro: MicroBatch,
  totalTokens: number,
): { gradient: tf.Tensor; readout: tf.Tensor } {
  const kept: tf.Tensor[] = [];
  const gradients = tf.grads((...traced: tf.Tensor[]) => {
    const logits = model.logits(traced, inputsOf(micro));
    const oneHot = (tokens: tf.Tensor) => model.oneHot(tokens);
    return microLoss(logits, batch, micro, totalTokens, oneHot, ({ chosen, entropy }) => {
      for (const tensor of entropy ? [chosen, entropy] : [chosen]) kept.push(tf.keep(tf.clone(tensor)));
    });
  })([...weights]);
  const gradient = tf.concat(gradients.map((g) => tf.reshape(g, [-1])));
  const readout = tf.concat(kept);
  tf.dispose(kept);
  return { gradient, readout };
}

function inputsOf({ tokens, rows, time }: MicroBatch): ForwardInputs {
  return { tokens: tf.tensor1d(tokens, 'int32'), rows, time };
}

/** Log-probabilities and entropies of every token of given sequences, without gradients. */
export async function sequenceLogProbs(
  model: Model,
  weights: readonly tf.Tensor[],
  sequences: readonly { readonly tokens: Int32Array }[],
  temperature: number,
  heads: number,
  limits: PackingLimits,
): Promise<SequenceLogProbs[]> {
  if (sequences.length === 0) return [];
  const micros = packSequences(sequences, heads, limits);
  const readouts = micros.map((micro) =>
    tf.tidy(() => {
      const logits = model.logits(weights, inputsOf(micro));
      const oneHot = model.oneHot(tf.tensor1d(micro.targets, 'int32'));
      const { chosen, all } = logProbsOf(logits, oneHot, temperature);
      return tf.concat([chosen, entropyOf(all)]);
    }),
  );
  const packed = tf.concat(readouts);
  tf.dispose(readouts);
  const numbers = (await packed.data()) as Float32Array;
  packed.dispose();
  const { logProbs, entropies } = unpack(sequences, micros, numbers, true);
  return sequences.map((_, s) => ({
    logProbs: logProbs[s]!,
    entropies: entropies[s]!,
  }));
}

/** Cells -> per-token rows: the value at cell p belongs to token p + 1. // per micro-batch: chosen, then entropy */
function unpack(
  sequences: readonly { readonly tokens: Int32Array }[],
  micros: readonly MicroBatch[],
  numbers: Float32Array,
  withEntropy: boolean,
): { logProbs: Float32Array[]; entropies: Float32Array[] } {
  const logProbs = sequences.map(({ tokens }) => new Float32Array(tokens.length));
  const entropies = sequences.map(({ tokens }) => new Float32Array(withEntropy ? tokens.length : 0));
  let start = 0;
  for (const { rows, time, members } of micros) {
    const cells = rows * time;
    members.forEach((member, row) => {
      const length = sequences[member]!.tokens.length;
      const from = start + row * time;
      logProbs[member]?.set(numbers.subarray(from, from + length - 1), 1);
      if (withEntropy) entropies[member]?.set(numbers.subarray(from + cells, from + cells + length - 1), 1);
    });
    start += withEntropy ? 2 * cells : cells;
  }
  return { logProbs, entropies };
}

/** Long float32 sums lose digits, so squares are summed in blocks on the device and the blocks in double precision here. */
const NORM_BLOCK = 1024;

function squaredNormParts(gradient: tf.Tensor): tf.Tensor {
  const parts = Math.ceil(gradient.size / NORM_BLOCK);
  const padded = tf.pad(tf.reshape(gradient, [-1]), [[0, parts * NORM_BLOCK - gradient.size]]);
  return tf.sum(tf.square(tf.reshape(padded, [parts, NORM_BLOCK])), -1);
}
