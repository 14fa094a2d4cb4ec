import { describe, expect, it } from 'vitest';
import { presetSettings } from '../recipes/presets.ts';
import { withSetting } from '../recipes/formModel.ts';
import { initialiseTensors } from '../policy/initialise.ts';
import { policyConfig } from '../policy/config.ts';
import { Random } from '../random/random.ts';
import { vocabularySize } from '../tasks/vocabulary.ts';
import type { ResumablePhase } from '../train/checkpoint.ts';
import { readRunCheckpoint, writeRunCheckpoint } from '../train/checkpointFile.ts';
import { forkCheckpoint, forkPaths } from './fork.ts';

const settings = presetSettings('micro');
const tensors = initialiseTensors(policyConfig('micro', vocabularySize), new Random(1));
const checkpointAt = (phase: ResumablePhase, done: number) =>
  writeRunCheckpoint({
    settings,
    position: {
      ...{ phase, done, round: done, trajectories: 9, solved: [] },
      collapse: { reference: null, sampled: 0, average: 0, below: 0, since: null, alarm: null },
    },
    ...{ tensors, optimizer: { step: 4, m: tensors, v: tensors }, reference: null },
  });

describe('a fork', () => {
  it('changes one thing about what is to come, and nothing else of the checkpoint', () => {
    const parent = checkpointAt('stage1', 2);
    const changed = withSetting(settings, 'grpo.klCoefficient', 0.1);
    const forked = forkCheckpoint(parent, changed);
    if (!forked.ok) throw new Error(forked.message);
    expect(readRunCheckpoint(forked.bytes)).toEqual({ ...readRunCheckpoint(parent), settings: changed });
  });

  it.each([
    ['task.valueMax', 30, 'Largest value cannot change here: what it decides lies behind this checkpoint.'],
    ['sft.epochs', 3, 'Epochs cannot change here: what it decides lies behind this checkpoint.'],
    ['policy.preset', 'mini', 'Policy size cannot change here: what it decides lies behind this checkpoint.'],
    ['run.seed', 9, 'Seed cannot change here: what it decides lies behind this checkpoint.'],
    ['stage1.steps', 1, '2 steps of this stage are behind already; it cannot have fewer.'],
  ])('refuses %s in a sentence', (path, value, message) => {
    expect(forkCheckpoint(checkpointAt('stage1', 2), withSetting(settings, path, value))).toEqual({
      ok: false,
      message,
    });
  });

  it('refuses a damaged checkpoint in a sentence', () => {
    const forked = forkCheckpoint(checkpointAt('stage1', 2).slice(0, 500), settings);
    expect(forked.ok ? '' : forked.message).toMatch(/^[A-Z].*\.$/);
  });

  it('offers less the later it is', () => {
    const [cold, first, second, end] = (['sft', 'stage1', 'stage2', 'evaluation'] as const).map(forkPaths);
    expect(cold).toContain('sft.learningRate');
    expect(first).not.toContain('sft.learningRate');
    expect(first).toContain('stage1.context');
    expect(second).not.toContain('stage1.context');
    expect(second).toContain('grpo.learningRate');
    expect(end?.every((path) => path.startsWith('evaluation.'))).toBe(true);
  });
});
