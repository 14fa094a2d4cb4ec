/** What a batch's rows of loss statistics add up to, and what the caller is told of it. */
import {
  NonFiniteLossError,
  type BatchLoss,
  type GrpoObjective,
  type GrpoStats,
  type SftStats,
} from '../engine.ts';

/** Where no objective is in force: SFT, log-probabilities, rollouts. */
export const neutralObjective: GrpoObjective = {
  temperature: 1,
  clipLow: 0,
  clipHigh: 0,
  dualClip: 0,
  tisCap: 0,
  entropyCoefficient: 0,
  klCoefficient: 0,
};

/** Sums over the masked-in tokens of a batch. */
export interface LossTotals {
  readonly loss: number;
  readonly entropy: number;
  readonly clipLow: number;
  readonly clipHigh: number;
  readonly dualClip: number;
  readonly kl: number;
}

/** @param count masked-in tokens */
export function statsOf(
  kind: BatchLoss['kind'],
  totals: LossTotals,
  gradNorm: number,
  count: number,
): SftStats | GrpoStats {
  const sft = { loss: totals.loss / count, gradNorm, tokens: count };
  if (kind === 'sft') return sft;
  return {
    ...sft,
    entropy: totals.entropy / count,
    clipLowFraction: totals.clipLow / count,
    clipHighFraction: totals.clipHigh / count,
    dualClipFraction: totals.dualClip / count,
    klToReference: totals.kl / count,
  };
}

export function nonFiniteLoss(loss: number, gradNorm: number): NonFiniteLossError {
  return new NonFiniteLossError(
    `The loss (${loss}) or the gradient norm (${gradNorm}) is not a finite number; the weights were left as they were.`,
  );
}
