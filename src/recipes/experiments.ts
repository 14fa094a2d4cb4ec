/**
 * Experiments: ASTER's research questions, each as a handful of variants of one preset that differ in one ingredient.
 *
 * A variant is data: an arm and a few settings over the study's preset, or a run that begins with another variant's final
 * weights. Variants of one experiment share everything else: problems, seeds, reinforcement learning, and how they are evaluated.
 * Invariant: a variant comes after the one it begins with. Run by `npm run study` (src/cli), shown by the page. What the first two are expected to show
 * is written down in study/goals.ts, before they were run.
 */
import { thoughtTrajectoryTokens } from '../tasks/families.ts';
import { findArm, withChanges, type ArmName, type SettingChanges } from './arms.ts';
import { bases } from './bases.ts';
import { findPreset, presetSettings, type PresetName } from './presets.ts';
import type { RunSettings } from './formModel.ts';

export interface Variant {
  /** Short, for files and legends. */
  readonly name: string;
  readonly title: string;
  /** Where the preset has a twin of that arm (`nano-sparse`), the twin's settings. */
  readonly arm?: ArmName;
  readonly changes?: SettingChanges;
  /** Begin with the final weights of this variant's run with the same seed. */
  readonly from?: string;
  /** Its place in its experiment's table of two conditions (`crossed`). */
  readonly row?: string;
  readonly column?: string;
}

/** What the rows and columns of a table of two conditions are called. */
export interface CrossedLabels {
  readonly rows: string;
  readonly columns: string;
}

export interface Experiment {
  readonly name: string;
  readonly title: string;
  /** What it asks, in one sentence. */
  readonly question: string;
  /** The smallest preset on which the question makes sense. */
  readonly preset: PresetName;
  readonly seeds: readonly number[];
  /** Settings of all its variants, under each one's own. */
  readonly shared?: SettingChanges;
  readonly variants: readonly Variant[];
  /** For an experiment whose variants lie in a table of two conditions. */
  readonly crossed?: CrossedLabels;
}

/** 200 held-out problems of the range that was trained, sampled as in the paper and as trained. */
const studyEvaluation = {
  evaluation: {
    ...{ problems: 200, samples: 4, benchmarks: 'inRange' },
    ...{ temperature: 0.6, topP: 0.95, alsoAsTrained: true },
  },
} as const satisfies SettingChanges;

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

/** Reinforcement learning from the base itself: nothing is taught. */
const fromTheBase = { teacher: { trajectories: 16 }, sft: { epochs: 0 } } as const satisfies SettingChanges;

const seedsTo = (last: number) => Array.from({ length: last }, (_, i) => i + 1);

/** Bases of `nano`'s size by the share of their reading that took steps by tool, in percent. */
const priors = bases
  .filter(({ settings }) => settings.policy === 'nano')
  .map(({ name, settings }) => ({ base: name, percent: Math.round(100 * settings.corpus.mixedShare) }))
  .sort((a, b) => a.percent - b.percent);

/** Bases of `mini`'s size by the largest value that they were taught to reckon with: the smaller, the more reliable is the head. */
const heads = bases
  .filter(({ settings }) => settings.policy === 'mini')
  .map(({ name, settings }) => ({ base: name, valueMax: settings.corpus.task.valueMax }))
  .sort((a, b) => a.valueMax - b.valueMax);

/** Trajectories of the cold start. */
const coldStarts = [100, 200, 400, 800, 1600] as const;

/**
 * Contexts that press as hard on these values as the preset's do on its own: as many tokens more or fewer as the longest solution in the
 * head has.
 */
function contextsFor(valueMax: number): SettingChanges {
  const { task, stage1, stage2 } = presetSettings('quick');
  const moved = ({ context, maxLength }: RunSettings['stage1']) =>
    context +
    thoughtTrajectoryTokens({ ...task, valueMax }, maxLength) -
    thoughtTrajectoryTokens(task, maxLength);
  return { stage1: { context: moved(stage1) }, stage2: { context: moved(stage2) } };
}

const budgets = [2, 4, 8, 16, 50] as const;

const definitions: readonly Experiment[] = [
  {
    name: 'choice',
    title: 'A choice to learn',
    question:
      'From one base that thinks: does reinforcement learning teach the dense cold start to use its tool, and take it from the sparse one?',
    preset: 'nano',
    seeds: seedsTo(5),
    shared: studyEvaluation,
    variants: [
      { name: 'dense', title: 'Dense cold start', arm: 'dense' },
      { name: 'sparse', title: 'Sparse cold start', arm: 'sparse' },
    ],
  },
  {
    name: 'prior',
    title: 'The prior',
    question:
      'How much tool use must the base have seen for a policy that gave its tool up to find it again in stage 2?',
    preset: 'nano',
    seeds: seedsTo(3),
    shared: studyEvaluation,
    variants: priors.map(({ percent, base }) => ({
      name: `mixed-${percent}`,
      title: `Sparse, from a base with ${percent}% mixed tool use`,
      arm: 'sparse',
      changes: { policy: { base } },
    })),
  },
  {
    name: 'ablation',
    title: 'Without the dense subset, and without a cold start',
    question:
      'What is left of the dense arm without its interaction-dense trajectories, and without any cold start at all?',
    preset: 'nano',
    seeds: seedsTo(3),
    shared: studyEvaluation,
    variants: [
      { name: 'dense', title: 'Dense cold start', arm: 'dense' },
      {
        name: 'no-dense',
        title: 'Without the dense subset',
        arm: 'no-dense',
        // What is below dense is a part of the dense recipe's pool: from so many, the cold start has the dense one's size.
        changes: { teacher: { trajectories: 4800 } },
      },
      {
        name: 'zero-thinker',
        title: 'No cold start, from the thinker',
        arm: 'zero',
        changes: { ...fromTheBase, policy: { base: 'nano-thinker' } },
      },
      {
        name: 'zero-mixed',
        title: 'No cold start, from the mixed base',
        arm: 'zero',
        changes: { ...fromTheBase, policy: { base: 'nano-mixed' } },
      },
    ],
  },
  {
    name: 'map',
    title: 'When a tool survives',
    question:
      'How good may the head be, and how small the cold start, before the dense arm gives its tool up as well?',
    preset: 'quick',
    seeds: seedsTo(3),
    shared: studyEvaluation,
    crossed: { rows: 'largest value', columns: 'trajectories in the cold start' },
    variants: heads.flatMap(({ valueMax, base }) => {
      const contexts = contextsFor(valueMax);
      return coldStarts.map((size) => ({
        name: `values-${valueMax}-size-${size}`,
        title: `Values to ${valueMax}, ${size} trajectories`,
        arm: 'dense' as const,
        row: `${valueMax}`,
        column: `${size}`,
        changes: {
          policy: { base },
          task: { valueMax },
          ...contexts,
          // The pool is drawn large enough that curation can keep so many.
          teacher: { trajectories: 3200 },
          curation: { size },
        },
      }));
    }),
  },
  {
    name: 'budget',
    title: 'Interaction budget',
    question: 'Does a policy that learned under few calls use more of them when it may?',
    preset: 'quick',
    seeds: seedsTo(3),
    crossed: { rows: 'trained with at most', columns: 'calls allowed in the evaluation' },
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
          row: `${calls}`,
          column: `${allowed}`,
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
    seeds: seedsTo(3),
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
    seeds: seedsTo(3),
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
];

export const experiments: readonly Experiment[] = definitions;

export function findExperiment(name: string): Experiment | undefined {
  return experiments.find((experiment) => experiment.name === name);
}

/** A variant's settings over a preset's: the preset's twin of its arm where there is one, what all variants share, its own changes. */
export function variantSettings(
  preset: PresetName,
  { shared }: Pick<Experiment, 'shared'>,
  { arm, changes }: Variant,
): RunSettings {
  return withChanges(withChanges(armSettings(preset, arm), shared ?? {}), changes ?? {});
}

function armSettings(preset: PresetName, arm: ArmName | undefined): RunSettings {
  if (arm === undefined) return presetSettings(preset);
  const twin = findPreset(`${preset}-${arm}`);
  return twin?.settings ?? withChanges(presetSettings(preset), findArm(arm)?.changes ?? {});
}
