/**
 * A run's recipe as a folder for another tool: configs of the cold start and both stages, the tool, its parser, the reward, the filter
 * between the stages, and a table that says of every setting what became of it.
 *
 * `npm run test:python` runs TRL's from the exported cold start, composes verl's configs and hands verl's dataset, tool and parser classes the
 * files. verl's training itself needs graphics cards and was not run.
 */
import { getSetting } from '../../recipes/formModel.ts';
import { promptTokens } from '../../tasks/transcript.ts';
import { trainProblem } from '../../tasks/problems.ts';
import type { Problem } from '../../tasks/problem.ts';
import { familiarLengths, longerLengths, stage2Mix } from '../../train/promptLengths.ts';
import { longestContext, type RunSettings } from '../../train/settings.ts';
import type { TrainingData } from '../../train/trainingData.ts';
import { promptDataset, sftDataset } from '../datasets.ts';
import { folderFiles, json, type FolderFiles } from '../modelFolder.ts';
import { parquetBytes } from '../parquet.ts';
import calculator from './files/calculator.py?raw';
import filterPrompts from './files/filter_prompts.py?raw';
import rewards from './files/rewards.py?raw';
import trlGrpo from './files/trl_grpo.py?raw';
import trlSft from './files/trl_sft.py?raw';
import verlReward from './files/verl_reward.py?raw';
import verlTool from './files/verl_tool.py?raw';
import { mappingTable } from './mapping.ts';
import type { RecipeNumbers } from './numbers.ts';
import { trlConfigs } from './trl.ts';
import { verlConfigs } from './verl.ts';

export type RecipeTool = 'verl' | 'trl';

export interface RecipeSource {
  readonly settings: RunSettings;
  readonly data: TrainingData;
  /** What the run began from, as a model folder. */
  readonly base: FolderFiles;
  /** The policy after the run's own cold start, where its weights were kept. */
  readonly coldStart: FolderFiles | null;
}

export function recipeFolder(
  tool: RecipeTool,
  { settings, data, base, coldStart }: RecipeSource,
): FolderFiles {
  const numbers: RecipeNumbers = {
    coldStartTrajectories: data.curated.length,
    prompts: { stage1: promptLengths(data.stage1), stage2: promptLengths(data.stage2) },
  };
  const mix = stage2Mix(settings);
  const { stage2, grpo, run, task } = settings;
  const fresh = (stream: string, lengths: ReturnType<typeof longerLengths>, count: number) =>
    lengths === null
      ? []
      : Array.from({ length: count }, (_, i) => trainProblem(task, lengths, stream, run.seed, i));
  const prompts = {
    stage1: data.stage1,
    stage2: data.stage2,
    stage2_familiar: fresh('stage-2-familiar', familiarLengths(settings), mix.familiar),
    stage2_longer: fresh('stage-2', longerLengths(settings), mix.longer),
    validation: data.heldOut,
  };
  const tables = [
    sftDataset('data/sft', data.curated),
    ...Object.entries(prompts).map(([name, problems]) =>
      promptDataset(tool, `data/${name}`, problems, name === 'validation' ? 'test' : 'train'),
    ),
  ];
  const configs = tool === 'trl' ? trlConfigs(settings, numbers) : verlConfigs(settings, numbers);
  const scripts =
    tool === 'trl'
      ? [
          ['sft.py', trlSft],
          ['grpo.py', trlGrpo],
        ]
      : [
          ['aster_tool.py', verlTool],
          ['aster_reward.py', verlReward],
        ];
  const { minLength, maxLength } = stage2;
  const files = folderFiles([
    ['README.md', readme(tool, settings, coldStart !== null)],
    [
      'MAPPING.md',
      `# What became of every setting\n\n${mappingTable(tool, (path) => getSetting(settings, path))}\n`,
    ],
    ['settings.json', json(settings)],
    ['stage2_mix.json', json({ groupSize: grpo.groupSize, minLength, maxLength, ...mix })],
    ...scripts.map(([name = '', text = '']) => [name, text] as const),
    ['calculator.py', withConstants(calculator, settings)],
    ['rewards.py', rewards.replace(/^CALL_BONUS = .*$/m, `CALL_BONUS = ${grpo.callBonus}  # grpo.callBonus`)],
    ['filter_prompts.py', filterPrompts],
    ...configs,
    ...tables.map(({ path, columns, rows }) => [`${path}.parquet`, parquetBytes(columns, rows)] as const),
  ]);
  return new Map([
    ...files,
    ...inFolder('base', base),
    ...(coldStart === null ? [] : inFolder('cold-start', coldStart)),
  ]);
}

const inFolder = (name: string, files: FolderFiles) =>
  [...files].map(([file, bytes]) => [`${name}/${file}`, bytes] as const);

function withConstants(source: string, { sandbox }: RunSettings): string {
  return source
    .replace(/^LONGEST_CODE = \d+/m, `LONGEST_CODE = ${sandbox.maxCodeLength}`)
    .replace(/^LONGEST_OUTPUT = \d+/m, `LONGEST_OUTPUT = ${sandbox.maxOutputLength}`);
}

function promptLengths(problems: readonly Problem[]) {
  const lengths = problems.map((problem) => promptTokens(problem).length);
  const sum = lengths.reduce((total, length) => total + length, 0);
  return { mean: sum / Math.max(1, lengths.length), longest: Math.max(0, ...lengths) };
}

function readme(tool: RecipeTool, settings: RunSettings, hasColdStart: boolean): string {
  const start = hasColdStart
    ? 'cold-start/ is the policy after the lab’s own cold start; the first command makes it again and replaces it.'
    : 'cold-start/ is made by the first command.';
  const commands =
    tool === 'trl'
      ? ['python sft.py', 'python grpo.py stage1', 'python filter_prompts.py', 'python grpo.py stage2']
      : [
          'torchrun --standalone --nproc_per_node=1 -m verl.trainer.sft_trainer --config-path $PWD --config-name sft',
          'ASTER_SOLVED=$PWD/solved.jsonl python -m verl.trainer.main_ppo --config-path $PWD --config-name stage1',
          'python filter_prompts.py',
          'python -m verl.trainer.main_ppo --config-path $PWD --config-name stage2',
        ];
  const note =
    tool === 'trl'
      ? 'Tested with TRL 1.16, transformers 5.24 and torch 2.15, on a CPU.'
      : 'Tested with verl 0.9.1: the configs compose, and its dataset, tool and parser classes take the files. Its training was not run: it needs graphics cards. Between the commands, point `model.path` at the Hugging Face folder that verl’s checkpoint merger writes (`python -m verl.model_merger merge`). Run them in this folder.';
  return `# The recipe of an ASTER Lab run in ${tool === 'trl' ? 'TRL' : 'verl'}

Seed ${settings.run.seed}, longest sequence ${longestContext(settings)} tokens. base/ is what the run began from. ${start}

${commands.map((command) => `    ${command}`).join('\n')}

${note} MAPPING.md says of every setting what it is here, or that it is not mapped. The draws are others, so numbers agree in distribution and not one by one.
`;
}
