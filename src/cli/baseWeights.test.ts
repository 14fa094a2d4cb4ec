/** A headless run's starting weights: found in the bases' folders or where `--base` says. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { policyConfig } from '../policy/config.ts';
import { writeCheckpoint } from '../policy/checkpoint.ts';
import { initialiseTensors } from '../policy/initialise.ts';
import { Random } from '../random/random.ts';
import { presetSettings } from '../recipes/presets.ts';
import { vocabularySize } from '../tasks/vocabulary.ts';
import { readBase } from './baseWeights.ts';

const folder = mkdtempSync(join(tmpdir(), 'aster-bases-'));
afterAll(() => rmSync(folder, { recursive: true }));
const quick = presetSettings('quick');

describe('readBase', () => {
  it('finds the base that a preset names, here and in a folder or a file', () => {
    const config = policyConfig('mini', vocabularySize);
    const context = { maxPositionEmbeddings: 64, bosTokenId: 1, eosTokenId: 2, padTokenId: 0 };
    const tensors = initialiseTensors(config, new Random(2));
    const path = join(folder, 'mini.safetensors');
    writeFileSync(path, writeCheckpoint({ config, tensors, metadata: {} }, context));
    const shipped = readBase(quick, null);
    const [byFolder, byFile] = [readBase(quick, folder), readBase(quick, path)];
    expect(byFile).toEqual(byFolder);
    expect(byFile?.tensors.get('lm_head.weight')?.data).toEqual(tensors.get('lm_head.weight')?.data);
    expect(shipped?.base.name).toBe('mini');
    expect(shipped?.base.sha256).not.toBe(byFile?.base.sha256);
  });

  it('says what to do where there is none', () => {
    const nano = { ...quick, policy: { preset: 'nano', base: 'nano-mixed', shape: '' } } as const;
    expect(() => readBase(nano, folder)).toThrow(
      /“nano-mixed” is not at .*npm run base -- --base nano-mixed/,
    );
    expect(() => readBase(nano, join(folder, 'mini.safetensors'))).toThrow(/the policy needs/);
    expect(readBase(presetSettings('scratch'), null)).toBeNull();
    expect(() => readBase(presetSettings('scratch'), folder)).toThrow(/begins from scratch/);
  });
});
