/**
 * The remedy for numbers that left the range of floating point: the last good state again, at half the learning rate of what failed.
 */
import type { RunSettings } from '../train/settings.ts';
import type { RunState } from './state.ts';

export interface SlowerRate {
  readonly path: 'sft.learningRate' | 'grpo.learningRate';
  readonly value: number;
}

/** Half the rate of the phase that a run stopped in. */
export function halvedRate({ phases }: Pick<RunState, 'phases'>, settings: RunSettings): SlowerRate {
  const stopped = phases.findLast(({ status }) => status !== 'waiting')?.name;
  const group = stopped === 'sft' ? 'sft' : 'grpo';
  return {
    path: `${group}.learningRate`,
    value: Number((settings[group].learningRate / 2).toPrecision(3)),
  };
}
