/**
 * A run's data in the schemas of the tools that train elsewhere: TRL (SFT and GRPO) and verl (SFT and RL), as rows and columns that both
 * JSON lines and Parquet are written from.
 *
 * Curated trajectories are messages (messages.ts); what a policy sampled is tokens, mask and log-probabilities, and nothing else of it is
 * the truth.
 */
import type { Problem } from '../tasks/problem.ts';
import type { Trajectory } from '../tasks/trajectory.ts';
import type { ScoredTrajectory } from '../train/events.ts';
import type { TrainingData } from '../train/trainingData.ts';
import { messagesOf, pythonTool, readableMessages } from './messages.ts';
import { folderFiles, type FolderFiles } from './modelFolder.ts';
import { jsonLines, parquetBytes, type Columns, type Field, type Row } from './parquet.ts';

export interface Dataset {
  /** Below the folder, without its ending, e.g. `trl/sft`. */
  readonly path: string;
  readonly columns: Columns;
  readonly rows: readonly Row[];
}

/** Each dataset twice: as JSON lines and as Parquet. One without rows (a run without a cold start has none) is left out: nobody’s reader opens it. */
export function datasetFiles(datasets: readonly Dataset[]): FolderFiles {
  return folderFiles(
    datasets
      .filter(({ rows }) => rows.length > 0)
      .flatMap(({ path, columns, rows }) => [
        [`${path}.jsonl`, jsonLines(rows)] as const,
        [`${path}.parquet`, parquetBytes(columns, rows)] as const,
      ]),
  );
}

const schemaText = { type: 'string', description: 'string' } as const;
const messageField: Field = {
  struct: {
    role: 'string',
    content: 'string',
    reasoning_content: 'string',
    tool_calls: {
      list: {
        struct: {
          type: 'string',
          function: { struct: { name: 'string', arguments: { struct: { code: 'string' } } } },
        },
      },
    },
    name: 'string',
  },
};
const toolField: Field = {
  struct: {
    type: 'string',
    function: {
      struct: {
        name: 'string',
        description: 'string',
        parameters: {
          struct: {
            type: 'string',
            properties: { struct: { code: { struct: schemaText } } },
            required: { list: 'string' },
          },
        },
      },
    },
  },
};
const sftColumns: Columns = { messages: { list: messageField }, tools: { list: toolField } };
const promptField: Field = { list: { struct: { role: 'string', content: 'string' } } };
const trlColumns: Columns = { prompt: promptField, answer: 'string', id: 'string', steps: 'int' };
const verlColumns: Columns = {
  data_source: 'string',
  prompt: promptField,
  ability: 'string',
  agent_name: 'string',
  reward_model: { struct: { style: 'string', ground_truth: 'string' } },
  extra_info: { struct: { index: 'int', split: 'string', id: 'string', steps: 'int' } },
};
const tokenColumns: Columns = {
  id: 'string',
  question: 'string',
  answer: 'string',
  tokens: { list: 'int' },
  loss_mask: { list: 'int' },
  calls: 'int',
  stop: 'string',
};
const rolloutColumns: Columns = {
  ...tokenColumns,
  log_probs: { list: 'float' },
  reward: 'float',
  advantage: 'float',
  phase: 'string',
  round: 'int',
  prompt: 'int',
  sample: 'int',
  messages: { list: messageField },
};

/** The curated set, the prompts of both stages and the held-out problems, for both tools. */
export function trainingDatasets({ curated, stage1, stage2, heldOut }: TrainingData): readonly Dataset[] {
  const ofTool = (tool: 'trl' | 'verl') => [
    sftDataset(`${tool}/sft`, curated),
    promptDataset(tool, `${tool}/stage1`, stage1, 'train'),
    promptDataset(tool, `${tool}/stage2`, stage2, 'train'),
    promptDataset(tool, `${tool}/validation`, heldOut, 'test'),
  ];
  return [
    ...ofTool('trl'),
    ...ofTool('verl'),
    { path: 'tokens/curated', columns: tokenColumns, rows: curated.map(tokenRow) },
  ];
}

/** Curated trajectories for supervised training; TRL and verl read the same. */
export function sftDataset(path: string, curated: readonly Trajectory[]): Dataset {
  const rows = curated.map((trajectory) => ({ messages: messagesOf(trajectory), tools: [pythonTool] }));
  return { path, columns: sftColumns, rows };
}

/** Prompts of reinforcement learning. */
export function promptDataset(
  tool: 'trl' | 'verl',
  path: string,
  problems: readonly Problem[],
  split: 'train' | 'test',
): Dataset {
  return tool === 'trl'
    ? { path, columns: trlColumns, rows: problems.map(trlPrompt) }
    : { path, columns: verlColumns, rows: problems.map((problem, i) => verlPrompt(problem, split, i)) };
}

/** Rollouts as they were sampled; their messages are for reading. */
export function rolloutDataset(
  path: string,
  rounds: readonly {
    readonly phase: string;
    readonly round: number;
    readonly trajectories: readonly ScoredTrajectory[];
  }[],
): Dataset {
  const rows = rounds.flatMap(({ phase, round, trajectories }) =>
    trajectories.map((trajectory) => {
      const { logProbs, reward, advantage, prompt, sample } = trajectory;
      const messages = readableMessages(trajectory);
      const scores = { log_probs: [...logProbs], reward, advantage };
      return { ...tokenRow(trajectory), ...scores, phase, round, prompt, sample, messages };
    }),
  );
  return { path, columns: rolloutColumns, rows };
}

const question = (problem: Problem) => [{ role: 'user', content: problem.question }];

function trlPrompt(problem: Problem): Row {
  return {
    prompt: question(problem),
    answer: problem.answer,
    id: problem.id,
    steps: problem.steps.length,
  };
}

function verlPrompt(problem: Problem, split: string, index: number): Row {
  return {
    data_source: `aster-lab/${problem.family}`,
    prompt: question(problem),
    ability: 'math',
    agent_name: 'tool_agent',
    reward_model: { style: 'rule', ground_truth: problem.answer },
    extra_info: { index, split, id: problem.id, steps: problem.steps.length },
  };
}

function tokenRow({ problem, tokens, lossMask, calls, stop }: Trajectory): Row {
  return {
    id: problem.id,
    question: problem.question,
    answer: problem.answer,
    tokens: [...tokens],
    loss_mask: [...lossMask],
    calls: calls.length,
    stop,
  };
}
