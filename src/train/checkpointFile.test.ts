/**
 * Weights to begin a run with, from files whose tensors fit. Whole checkpoints of real runs: run.integration.test.ts.
 */
import { describe, expect, it } from 'vitest';
import { writeCheckpoint } from '../policy/checkpoint.ts';
import { policyConfig, type PolicyConfig } from '../policy/config.ts';
import { initialiseTensors } from '../policy/initialise.ts';
import { CheckpointError, readSafetensors, writeSafetensors } from '../policy/safetensors.ts';
import { Random } from '../random/random.ts';
import { vocabularySize } from '../tasks/vocabulary.ts';
import { checkpointContext, readWeights, writeRunCheckpoint } from './checkpointFile.ts';
import { defaultSettings, type RunSettings } from './settings.ts';

const config = policyConfig('micro', vocabularySize);
const settings: RunSettings = { ...defaultSettings, policy: { preset: 'micro', base: 'scratch', shape: '' } };
const tensors = initialiseTensors(config, new Random(1));

/** A plain checkpoint whose config says these things of the same tensors. */
const plain = (says: Partial<PolicyConfig>) =>
  writeCheckpoint({ config: { ...config, ...says }, tensors, metadata: {} }, checkpointContext(settings));

/** A run's checkpoint whose config says these things. */
function ofRun(says: Partial<PolicyConfig>): Uint8Array {
  const position = { phase: 'sft' as const, done: 1, round: 0, trajectories: 0, solved: [] };
  const collapse = { reference: null, sampled: 0, average: 0, below: 0, since: null, alarm: null };
  const file = readSafetensors(
    writeRunCheckpoint({
      settings,
      position: { ...position, collapse },
      tensors,
      optimizer: { step: 1, m: tensors, v: tensors },
      reference: null,
    }),
  );
  const { config: other = '' } = readSafetensors(plain(says)).metadata;
  return writeSafetensors({ tensors: file.tensors, metadata: { ...file.metadata, config: other } });
}

describe.each([
  ['a plain checkpoint', plain],
  ['a run’s checkpoint', ofRun],
])('the weights of %s', (_what, file) => {
  it('are taken where the policy computes with the same numbers', () => {
    expect([...readWeights(file({}), 'micro')]).toEqual([...tensors]);
  });

  it.each([
    [
      { ropeTheta: 1e6 },
      'The checkpoint was trained with rope_theta 1000000, but this policy computes with 10000;',
    ],
    [
      { rmsNormEps: 1e-5 },
      'The checkpoint was trained with rms_norm_eps 0.00001, but this policy computes with 0.000001;',
    ],
  ])('are refused where it does not: %j', (says, message) => {
    expect(() => readWeights(file(says), 'micro')).toThrow(CheckpointError);
    expect(() => readWeights(file(says), 'micro')).toThrow(message);
  });
});

it('weights of another head size are refused, though their matrices fit', () => {
  // Four heads of eight are as wide as two of sixteen; only the norms over a head tell them apart.
  const heads = { ...config, heads: 4, kvHeads: 4, headDim: 8 };
  const bytes = writeCheckpoint(
    { config: heads, tensors: initialiseTensors(heads, new Random(1)), metadata: {} },
    checkpointContext(settings),
  );
  expect(() => readWeights(bytes, 'micro')).toThrow(
    /q_norm.weight" has shape \[8\]; the policy needs \[16\]/,
  );
});
