import { parquetReadObjects } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { ArithmeticSandbox } from '../train/testing/arithmeticSandbox.ts';
import { trajectory } from '../train/testing/scoredBatch.ts';
import { trainingData } from '../train/trainingData.ts';
import { presetSettings } from '../recipes/presets.ts';
import { settingPaths } from '../recipes/formModel.ts';
import { datasetFiles, rolloutDataset, trainingDatasets } from './datasets.ts';
import { recipeFolder } from './recipe/recipe.ts';
import { settingMappings } from './recipe/mapping.ts';
import type { FolderFiles } from './modelFolder.ts';

const settings = presetSettings('micro');
const data = await trainingData(settings, new ArithmeticSandbox(), new Map());
const lines = (files: FolderFiles, name: string) =>
  new TextDecoder()
    .decode(files.get(name))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);
const table = (files: FolderFiles, name: string) =>
  parquetReadObjects({ file: Uint8Array.from(files.get(name) ?? []).buffer });
const withoutNull = (value: unknown): unknown =>
  JSON.parse(JSON.stringify(value, (_, inner: unknown) => inner ?? undefined));

describe('data for other tools', () => {
  const files = datasetFiles(trainingDatasets(data));

  it('is a run’s own: as many curated trajectories and prompts as its settings say', () => {
    expect(data.curated.length).toBeGreaterThan(0);
    expect(data.stage1).toHaveLength(settings.task.trainProblems);
    expect(data.stage2).toHaveLength(settings.task.trainProblems);
    expect(data.heldOut).toHaveLength(settings.evaluation.problems);
  });

  it('says the same in JSON lines and in Parquet, nested columns and all', async () => {
    for (const name of ['trl/sft', 'trl/stage1', 'verl/stage2', 'verl/validation', 'tokens/curated'])
      expect(withoutNull(await table(files, `${name}.parquet`)), name).toEqual(lines(files, `${name}.jsonl`));
  });

  it('has the schemas of TRL and verl', () => {
    const [sft] = lines(files, 'trl/sft.jsonl');
    const messages = sft?.['messages'] as Record<string, unknown>[];
    expect(messages[0]).toEqual({ role: 'user', content: data.curated[0]?.problem.question });
    expect(messages.at(-1)).toMatchObject({ role: 'assistant', content: data.curated[0]?.problem.answer });
    expect(messages.find(({ role }) => role === 'tool')).toEqual({
      ...{ role: 'tool', name: 'python', content: expect.any(String) as string },
    });
    expect(sft?.['tools']).toHaveLength(1);
    const [first] = data.stage1;
    const prompt = [{ role: 'user', content: first?.question }];
    expect(lines(files, 'trl/stage1.jsonl')[0]).toMatchObject({ prompt, answer: first?.answer });
    expect(lines(files, 'verl/stage1.jsonl')[0]).toEqual({
      data_source: 'aster-lab/chain',
      prompt,
      ability: 'math',
      agent_name: 'tool_agent',
      reward_model: { style: 'rule', ground_truth: first?.answer },
      extra_info: { index: 0, split: 'train', id: first?.id, steps: first?.steps.length },
    });
  });

  it('gives rollouts as they were sampled', async () => {
    const sampled = { ...trajectory('chain/stage-1/1/0'), reward: 1, advantage: 0.5, prompt: 3, sample: 2 };
    const set = rolloutDataset('tokens/rollouts', [{ phase: 'stage1', round: 7, trajectories: [sampled] }]);
    const none = rolloutDataset('tokens/none', []);
    expect([...datasetFiles([set, none]).keys()], 'nothing is no file').toHaveLength(2);
    const [row] = await table(datasetFiles([set]), 'tokens/rollouts.parquet');
    expect(row).toMatchObject({
      tokens: [...sampled.tokens],
      loss_mask: [...sampled.lossMask],
      log_probs: [...sampled.logProbs],
      ...{ reward: 1, advantage: 0.5, phase: 'stage1', round: 7, prompt: 3, sample: 2 },
    });
  });
});

describe('the recipe elsewhere', () => {
  it('says of every setting what it is there, or that it is not mapped', () => {
    expect(settingMappings.map(({ path }) => path).sort()).toEqual([...settingPaths].sort());
    for (const { path, verl, trl, note } of settingMappings)
      expect(verl !== null || trl !== null || note !== undefined, path).toBe(true);
  });

  it('is a folder with both stages, the filter and the reward', async () => {
    const changed = {
      ...settings,
      grpo: { ...settings.grpo, callBonus: 0.25, learningRate: 1e-7 },
      sandbox: { ...settings.sandbox, maxCodeLength: 17 },
    };
    for (const tool of ['trl', 'verl'] as const) {
      const files = recipeFolder(tool, { settings: changed, data, base: new Map(), coldStart: null });
      const text = (name: string) => new TextDecoder().decode(files.get(name));
      expect(text('rewards.py')).toContain('CALL_BONUS = 0.25');
      expect(text('calculator.py')).toContain('LONGEST_CODE = 17');
      expect(text('MAPPING.md')).toContain('| `grpo.voidTurnFilter` | false | not mapped |');
      expect(await table(files, 'data/stage2_longer.parquet')).toBeDefined();
      if (tool === 'trl')
        expect(JSON.parse(text('stage1.json'))).toMatchObject({
          num_generations: settings.grpo.groupSize,
          max_steps: settings.stage1.steps * settings.grpo.miniBatches,
          epsilon_high: settings.grpo.clipHigh,
          loss_type: 'dapo',
        });
      else {
        expect(text('stage1.yaml')).toContain('lr: 1.0e-7');
        expect(text('stage2.yaml')).toContain(`n: ${settings.grpo.groupSize}`);
      }
    }
  });
});
