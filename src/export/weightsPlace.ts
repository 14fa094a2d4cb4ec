/**
 * Where in a run weights are from, in words, for a model card: the page and the command line say the same.
 */
import type { PhaseName } from '../train/events.ts';

/** The words are of the weights that a run has while the phase goes on; those of GRPO change within it. */
const words: Readonly<Record<PhaseName, string>> = {
  problems: 'the start of the run',
  teacher: 'the start of the run',
  curation: 'the start of the run',
  sft: 'the cold start',
  baseline: 'the end of the cold start',
  stage1: 'stage 1',
  filter: 'the end of stage 1',
  stage2: 'stage 2',
  evaluation: 'the end of stage 2',
};

/** @param round rollout batches behind the weights */
export function weightsPlace(phase: PhaseName, round: number): string {
  return `${words[phase]}, round ${round}`;
}

/** Of weights that lie beside a run's file (record/keptWeights.ts). */
export function keptWeightsPlace(round: number): string {
  return `round ${round} (kept as float16)`;
}
