/**
 * Experiments: ASTER's research questions, each as a handful of variants of one preset that differ in one ingredient.
 *
 * A variant is data: an arm and a few settings over the study's preset, or a run that begins with another variant's final
 * weights. Variants of one experiment share everything else: problems, seeds, reinforcement learning. Invariant: a variant comes
 * after the one it begins with. Run by `npm run study` (src/cli), shown by the page.
 */
import { familyNames } from '../tasks/families.ts';
import { findArm, withChanges, type ArmName, type SettingChanges } from './arms.ts';
import type { PresetName } from './presets.ts';
import type { RunSettings } from './formModel.ts';

export interface Variant {
  /** Short, for folders and legends. */
  readonly name: string;
  readonly title: string;
  readonly arm?: ArmName;
  readonly changes?: SettingChanges;
  /** Begin with the final weights of this variant's run with the same seed. */
  readonly from?: string;
  /** The conditions it was trained and is evaluated under: a row and a column of its experiment's table (`crossed`). */
  readonly trainedOn?: string;
  readonly evaluatedOn?: string;
}

/** What the rows and columns of a table of conditions are called. */
export interface CrossedLabels {
  readonly trainedOn: string;
  readonly evaluatedOn: string;
}

export interface Experiment {
  readonly name: string;
  readonly title: string;
  /** What it asks, in one sentence. */
  readonly question: string;
  /** The smallest preset on which the question makes sense. */
  readonly preset: PresetName;
  readonly variants: readonly Variant[];
  /** For an experiment that evaluates under other conditions than it trains under. */
  readonly crossed?: CrossedLabels;
}

/** Nothing is learned: the run only evaluates the weights it begins with. */
const onlyEvaluate = {
  teacher: { trajectories: 16 },
  sft: { epochs: 0 },
  stage1: { steps: 0 },
  stage2: { steps: 0 },
} as const satisfies SettingChanges;

/** Reinforcement learning alone, on weights from elsewhere. */
const withoutColdStart = { sft: { epochs: 0 } } as const satisfies SettingChanges;

/** A cold start alone, for others to go on from. */
const onlyColdStart = { stage1: { steps: 0 }, stage2: { steps: 0 } } as const satisfies SettingChanges;

/** Contexts that hold every family's problems, so that families differ in what they ask and not in what fits. */
const roomy = {
  stage1: { context: 400 },
  stage2: { context: 600 },
  evaluation: { shortContext: 400, longContext: 600 },
} as const satisfies SettingChanges;

const budgets = [2, 4, 8, 16, 50] as const;

const definitions: readonly Experiment[] = [
  {
    name: 'collapse',
    title: 'Interaction collapse',
    question:
      'Does a sparse cold start lose its tool calls under reinforcement learning, and a dense one keep them?',
    preset: 'quick',
    variants: [
      { name: 'sparse', title: 'Sparse cold start', arm: 'sparse' },
      { name: 'dense', title: 'Dense cold start', arm: 'dense' },
      {
        name: 'no-dense',
        title: 'Without the dense subset',
        arm: 'no-dense',
        // A fifth of the dense recipe's pool is below dense: from so many, the curated set has the others' size.
        changes: { teacher: { trajectories: 24_000 } },
      },
    ],
  },
  {
    name: 'density',
    title: 'Density of the cold start',
    question: 'How many calls must the cold start’s trajectories have?',
    preset: 'nano',
    variants: (['sparse', 'medium', 'dense'] as const).map((bin) => ({
      name: bin,
      title: `Bin ${bin}`,
      arm: 'natural',
      // A fifth of a natural pool is dense: from so many, every bin has as many trajectories as are kept.
      changes: { teacher: { trajectories: 24_000 }, curation: { bin, keepZero: false } },
    })),
  },
  {
    name: 'size',
    title: 'Size of the dense subset',
    question: 'How many interaction-dense trajectories are enough?',
    preset: 'quick',
    variants: [250, 500, 1000, 2000, 4000].map((size) => ({
      name: `${size}`,
      title: `${size} trajectories`,
      arm: 'dense',
      changes: { teacher: { trajectories: 7000 }, curation: { size } },
    })),
  },
  {
    name: 'budget',
    title: 'Interaction budget',
    question: 'Does a policy that learned under few calls use more of them when it may?',
    preset: 'quick',
    crossed: { trainedOn: 'trained with at most', evaluatedOn: 'calls allowed in the evaluation' },
    variants: [
      { name: 'cold', title: 'The cold start that all begin with', arm: 'dense', changes: onlyColdStart },
      ...budgets.flatMap((calls) => [
        {
          name: `train-${calls}`,
          title: `Trained with at most ${calls} calls`,
          arm: 'dense' as const,
          from: 'cold',
          changes: { ...withoutColdStart, grpo: { callBudget: calls } },
        },
        ...budgets.map((allowed) => ({
          name: `train-${calls}-evaluate-${allowed}`,
          title: `Trained with ${calls}, evaluated with ${allowed} calls`,
          arm: 'dense' as const,
          from: `train-${calls}`,
          trainedOn: `${calls}`,
          evaluatedOn: `${allowed}`,
          changes: {
            ...onlyEvaluate,
            grpo: { callBudget: calls },
            evaluation: { shortCalls: allowed, longCalls: allowed, afterColdStart: false },
          },
        })),
      ]),
    ],
  },
  {
    name: 'exploration',
    title: 'Exploration',
    question: 'What do Clip-Higher and the KL penalty do to entropy and to the calls?',
    preset: 'quick',
    variants: [
      { name: 'clip-0.28', title: 'Clip-Higher 0.28, no KL', arm: 'natural' },
      { name: 'clip-0.20', title: 'Clip 0.2, no KL', arm: 'natural', changes: { grpo: { clipHigh: 0.2 } } },
      {
        name: 'kl',
        title: 'Clip-Higher 0.28, KL 0.01',
        arm: 'natural',
        changes: { grpo: { klCoefficient: 0.01 } },
      },
    ],
  },
  {
    name: 'rescue',
    title: 'Rescue',
    question: 'Once the calls are gone, what brings them back?',
    preset: 'quick',
    variants: [
      { name: 'collapsed', title: 'The collapsed run', arm: 'sparse' },
      {
        name: 'more',
        title: 'More of the same',
        arm: 'sparse',
        from: 'collapsed',
        changes: withoutColdStart,
      },
      {
        name: 'bonus',
        title: '+0.1 for calling at all',
        arm: 'sparse',
        from: 'collapsed',
        changes: { ...withoutColdStart, grpo: { callBonus: 0.1 } },
      },
      {
        name: 'void-turns',
        title: 'Void-turn filter',
        arm: 'sparse',
        from: 'collapsed',
        changes: { ...withoutColdStart, grpo: { voidTurnFilter: true } },
      },
      { name: 'dense-data', title: 'Dense cold-start data', arm: 'dense', from: 'collapsed' },
      {
        name: 'longer-context',
        title: 'Contexts of 400 and 600 tokens, in which everything fits',
        arm: 'sparse',
        from: 'collapsed',
        changes: { ...withoutColdStart, stage1: { context: 400 }, stage2: { context: 600 } },
      },
    ],
  },
  {
    name: 'generalisation',
    title: 'Generalisation',
    question: 'Does calling the tool carry over to problems of another family?',
    preset: 'quick',
    crossed: { trainedOn: 'trained on', evaluatedOn: 'evaluated on' },
    variants: familyNames.flatMap((family) => [
      {
        name: family,
        title: `Trained on ${family}`,
        arm: 'dense',
        trainedOn: family,
        evaluatedOn: family,
        changes: { ...roomy, task: { family } },
      },
      ...familyNames
        .filter((other) => other !== family)
        .map((other) => ({
          name: `${family}-to-${other}`,
          title: `Trained on ${family}, evaluated on ${other}`,
          arm: 'dense' as const,
          from: family,
          trainedOn: family,
          evaluatedOn: other,
          changes: {
            ...roomy,
            ...onlyEvaluate,
            stage1: { ...roomy.stage1, steps: 0 },
            stage2: { ...roomy.stage2, steps: 0 },
            task: { family: other },
            evaluation: { ...roomy.evaluation, afterColdStart: false },
          },
        })),
    ]),
  },
];

export const experiments: readonly Experiment[] = definitions;

export function findExperiment(name: string): Experiment | undefined {
  return experiments.find((experiment) => experiment.name === name);
}

/** A variant's settings over a preset's. */
export function variantSettings(base: RunSettings, { arm, changes }: Variant): RunSettings {
  const recipe = arm === undefined ? undefined : findArm(arm);
  return withChanges(recipe === undefined ? base : withChanges(base, recipe.changes), changes ?? {});
}
