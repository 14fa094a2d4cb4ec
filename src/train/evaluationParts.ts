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
  const samplings = [
    { temperature: evaluation.temperature, topP: evaluation.topP },
    // As reinforcement learning samples: what it raises is seen there, and a low temperature hides it.
    ...(evaluation.alsoAsTrained ? [{ temperature: grpo.temperature, topP: 1 }] : []),
  ];
  return samplings.flatMap((sampling) =>
    (['short', 'long'] as const).flatMap((budget) =>
      names.map((benchmark) => ({ benchmark, budget, ...sampling })),
    ),
  );
}
