/**
 * The shape of a run's policy, as its settings name it: one of the lab's sizes, or one that weights from elsewhere have brought.
 */
import { policyConfig, type PolicyConfig } from '../policy/config.ts';
import { parseShape } from '../policy/shape.ts';
import { vocabularySize } from '../tasks/vocabulary.ts';
import type { RunSettings } from './settings.ts';

export function runPolicy({ preset, shape }: RunSettings['policy']): PolicyConfig {
  return parseShape(shape, vocabularySize) ?? policyConfig(preset, vocabularySize);
}
