/**
 * What an evaluation is made of: each of the benchmarks under each inference budget at each temperature, in the order in which they are
 * taken.
 */
import { benchmarkNames, type BenchmarkName } from '../tasks/problems.ts';
import type { RunSettings } from './settings.ts';

export interface EvaluationPart {
  readonly benchmark: BenchmarkName;
  readonly budget: 'short' | 'long';
  readonly temperature: number;
  readonly topP: number;
}

export function evaluationParts({ evaluation, grpo }: RunSettings): readonly EvaluationPart[] {
  const names = evaluation.benchmarks === 'all' ? benchmarkNames : (['inRange'] as const);
  const own = { temperature: evaluation.temperature, topP: evaluation.topP };
  // As reinforcement learning samples: what it raises is seen there, and a low temperature hides it.
  const trained = { temperature: grpo.temperature, topP: 1 };
  const isAnother = trained.temperature !== own.temperature || trained.topP !== own.topP;
  const samplings = evaluation.alsoAsTrained && isAnother ? [own, trained] : [own];
  return samplings.flatMap((sampling) =>
    (['short', 'long'] as const).flatMap((budget) =>
      names.map((benchmark) => ({ benchmark, budget, ...sampling })),
    ),
  );
}
