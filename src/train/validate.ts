/**
 * What one schema cannot say: whether the settings of a run agree with each other.
 *
 * Invariants. (1) Settings without a problem here can run to the end on any seed, short of numerics; each problem is one
 * sentence that names the numbers and belongs to one setting's path. (2) Lengths are judged by the task family's own
 * upper bounds (src/tasks), never by a formula of this file.
 */
import { baseSizes } from '../policy/baseNames.ts';
import { shapeProblem } from '../policy/shape.ts';
import {
  denseTrajectoryTokens,
  longestPromptTokens,
  maximumLength,
  problemFamily,
  taskSettingsProblem,
  thoughtTrajectoryTokens,
} from '../tasks/families.ts';
import { parseShares } from '../tasks/teacher.ts';
import { isValueMax, type ProblemVariant } from '../tasks/problem.ts';
import { benchmarkNames, benchmarkShift } from '../tasks/problems.ts';
import { familiarLengths, longerLengths, stage2Mix } from './promptLengths.ts';
import { runPolicy } from './runPolicy.ts';
import type { RunSettings } from './settings.ts';

export interface SettingProblem {
  /** The setting to change, e.g. "stage1.context"; "" where it is the whole. */
  readonly path: string;
  /** One sentence: what is wrong. */
  readonly message: string;
}

/** Every reason why a run with these settings cannot work; empty where it can. */
export function validateSettings(settings: RunSettings): readonly SettingProblem[] {
  const { base, preset } = settings.policy;
  if (base !== 'scratch' && baseSizes[base] !== preset) {
    const message = `The base “${base}” is a policy of size ${baseSizes[base]}, not ${preset}; choose that size, or another base.`;
    return [{ path: 'policy.base', message }];
  }
  const { shape } = settings.policy;
  if (shape !== '' && base !== 'scratch') {
    const message = `The base “${base}” has a shape of its own; leave the shape empty, or begin from scratch or from weights.`;
    return [{ path: 'policy.shape', message }];
  }
  const shapeless = shapeProblem(runPolicy(settings.policy));
  if (shapeless !== undefined) return [{ path: 'policy.shape', message: shapeless }];
  const objection = taskSettingsProblem(settings.task);
  if (objection !== undefined) {
    return [
      ...orderProblems(settings),
      { path: isValueMax(settings.task.valueMax) ? 'task.operations' : 'task.valueMax', message: objection },
    ];
  }
  const ordered = orderProblems(settings);
  // Bounds and bins mean nothing while a shortest is above its longest.
  if (ordered.length > 0) return ordered;
  return [
    ...binProblems(settings),
    ...outputProblems(settings),
    ...stageProblems(settings),
    ...mixProblems(settings),
    ...evaluationProblems(settings),
  ];
}

function orderProblems({ task, teacher, curation, grpo, stage1, stage2 }: RunSettings): SettingProblem[] {
  const problems: SettingProblem[] = [];
  const demand = (holds: boolean, path: string, message: string) => {
    if (!holds) problems.push({ path, message });
  };
  const lengths = (path: string, name: string, min: number, max: number) =>
    demand(
      min <= max,
      path,
      `${name}: the shortest problem has ${min} steps, more than the longest, which has ${max}.`,
    );
  lengths('task.coldStartMaxLength', 'Cold start', task.coldStartMinLength, task.coldStartMaxLength);
  lengths('stage1.maxLength', 'GRPO stage 1', stage1.minLength, stage1.maxLength);
  lengths('stage2.maxLength', 'GRPO stage 2', stage2.minLength, stage2.maxLength);
  demand(
    teacher.checksMin <= teacher.checksMax,
    'teacher.checksMax',
    `The teacher is to make at least ${teacher.checksMin} checks and at most ${teacher.checksMax}.`,
  );
  demand(
    teacher.denseWeight + teacher.sparseWeight + teacher.naturalWeight + teacher.selectiveWeight > 0,
    'teacher.denseWeight',
    'Every style of the teacher has weight 0; give one of them a weight above 0.',
  );
  demand(
    curation.sparseMax < curation.denseMin,
    'curation.denseMin',
    `Dense begins at ${curation.denseMin} calls, but up to ${curation.sparseMax} calls are sparse; dense must begin above.`,
  );
  demand(
    grpo.miniBatches <= grpo.promptsPerStep,
    'grpo.miniBatches',
    `Prompts a step (${grpo.promptsPerStep}) must be at least as many as mini-batches (${grpo.miniBatches}), since each mini-batch has a prompt of its own.`,
  );
  return problems;
}

interface Calls {
  readonly min: number;
  readonly max: number;
}

/** Calls that a sound trajectory of each style in use can have. */
function callsOfStyles({ task, teacher }: RunSettings): Calls[] {
  const { coldStartMinLength: shortest, coldStartMaxLength: longest } = task;
  const styles: Calls[] = [];
  if (teacher.denseWeight > 0) {
    const [least, most] = [Math.min, Math.max].map((pick) => pick(...parseShares(teacher.denseShares)));
    styles.push({ min: least === 1 ? shortest : 0, max: most === 0 ? 0 : longest });
  }
  if (teacher.sparseWeight > 0) {
    styles.push({ min: Math.min(teacher.checksMin, shortest), max: Math.min(teacher.checksMax, longest) });
  }
  if (teacher.naturalWeight > 0) styles.push({ min: 0, max: longest + Math.min(2, teacher.checksMax) });
  if (teacher.selectiveWeight > 0) styles.push({ min: 0, max: longest });
  return styles;
}

function callsOfBin({ curation }: RunSettings): Calls {
  const { bin, sparseMax, denseMin, keepZero } = curation;
  switch (bin) {
    case 'all':
      return { min: 0, max: Infinity };
    case 'sparse':
      return { min: keepZero ? 0 : 1, max: sparseMax };
    case 'medium':
      return { min: sparseMax + 1, max: denseMin - 1 };
    case 'dense':
      return { min: denseMin, max: Infinity };
    case 'belowDense':
      return { min: keepZero ? 0 : 1, max: denseMin - 1 };
  }
}

function binProblems(settings: RunSettings): SettingProblem[] {
  const bin = callsOfBin(settings);
  const styles = callsOfStyles(settings);
  const name = settings.curation.bin;
  if (bin.min > bin.max) {
    return [
      {
        path: 'curation.bin',
        message: `The ${name} bin is empty by its bounds: it would hold ${bin.min} to ${bin.max} calls.`,
      },
    ];
  }
  if (styles.some((style) => style.min <= bin.max && bin.min <= style.max)) return [];
  const fewest = Math.min(...styles.map((style) => style.min));
  const most = Math.max(...styles.map((style) => style.max));
  const held = bin.max === Infinity ? `${bin.min} calls or more` : `${bin.min} to ${bin.max} calls`;
  return [
    {
      path: name === 'dense' ? 'curation.denseMin' : 'curation.bin',
      message: `The ${name} bin takes ${held}, but this teacher’s trajectories have ${fewest} to ${most}: nothing would be left to learn from.`,
    },
  ];
}

function outputProblems({ task, sandbox }: RunSettings): SettingProblem[] {
  const { value } = problemFamily(task).longestTexts('standard');
  if (sandbox.maxOutputLength >= value) return [];
  return [
    {
      path: 'sandbox.maxOutputLength',
      message: `Output would be cut to ${sandbox.maxOutputLength} characters, but values have up to ${value}.`,
    },
  ];
}

/** The longest problem of a stage, solved in the shorter of the two ways, must fit the stage's context. */
function stageProblems({ task, stage1, stage2 }: RunSettings): SettingProblem[] {
  return [
    { path: 'stage1.context', name: 'GRPO stage 1', stage: stage1 },
    { path: 'stage2.context', name: 'GRPO stage 2', stage: stage2 },
  ].flatMap(({ path, name, stage }) => {
    const needed = Math.min(
      denseTrajectoryTokens(task, stage.maxLength),
      thoughtTrajectoryTokens(task, stage.maxLength),
    );
    if (stage.steps === 0 || needed <= stage.context) return [];
    return [
      {
        path,
        message: `${name}: a problem of ${stage.maxLength} steps and its shortest solution need up to ${needed} tokens, more than the context of ${stage.context}.`,
      },
    ];
  });
}

/** Stage 2's share of prompts longer than stage 1's must leave both kinds a length that they can have. */
function mixProblems(settings: RunSettings): SettingProblem[] {
  const { stage1, stage2 } = settings;
  if (stage2.steps === 0) return [];
  const mix = stage2Mix(settings);
  const path = 'stage2.longShare';
  if (mix.longer > 0 && longerLengths(settings) === null) {
    return [
      {
        path,
        message: `GRPO stage 2: a share of ${stage2.longShare} of its prompts is to be longer than stage 1’s, but its longest problem has ${stage2.maxLength} steps and stage 1’s ${stage1.maxLength}; set the share to 0, or stage 2’s longest problem above ${stage1.maxLength}.`,
      },
    ];
  }
  if (mix.familiar > 0 && familiarLengths(settings) === null) {
    return [
      {
        path,
        message: `GRPO stage 2: a share of ${stage2.longShare} of its prompts is to be longer than stage 1’s, but all of them are, as its shortest problem has ${stage2.minLength} steps and stage 1’s longest ${stage1.maxLength}; set the share to 1, or stage 2’s shortest problem to ${stage1.maxLength} or less.`,
      },
    ];
  }
  return [];
}

/** An inference budget may cut solutions off, that is what it is for; but the longest prompt must leave room for an answer. */
function evaluationProblems({ task, stage2, evaluation }: RunSettings): SettingProblem[] {
  const lengths = { min: stage2.minLength, max: stage2.maxLength };
  const shifts = benchmarkNames.map((name) => benchmarkShift(name, lengths));
  const longest = Math.max(...shifts.map((shift) => shift.lengths.max));
  if (longest > maximumLength) {
    return [
      {
        path: 'stage2.maxLength',
        message: `A benchmark would have problems of ${longest} steps, but there are only ${maximumLength} step letters.`,
      },
    ];
  }
  const needed = Math.max(
    ...shifts.map((shift) => answeredPromptTokens(task, shift.lengths.max, shift.variant)),
  );
  return [
    { path: 'evaluation.shortContext', name: 'The short budget', context: evaluation.shortContext },
    { path: 'evaluation.longContext', name: 'The long budget', context: evaluation.longContext },
  ].flatMap(({ path, name, context }) =>
    needed <= context
      ? []
      : [
          {
            path,
            message: `${name} of ${context} tokens cannot hold the longest question and an answer, which need up to ${needed}.`,
          },
        ],
  );
}

function answeredPromptTokens(task: RunSettings['task'], length: number, variant: ProblemVariant): number {
  const { value } = problemFamily(task).longestTexts(variant);
  return longestPromptTokens(task, length, variant) + 1 + value + 1; // </think>, the answer, <|im_end|>
}
