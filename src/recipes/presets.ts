/**
 * Presets: named starting points, as layered changes to the schema's defaults.
 *
 * Invariants. (1) A preset is data: a few values over another preset (or over the defaults), nothing computed. (2) `mini`
 * is the defaults, which follow the paper, or else what a prototype of its size learned with. (3) Every preset parses and
 * can run: a test checks each against the schema and against `validateSettings`.
 */
import { findArm, withChanges, type ArmName, type SettingChanges } from './arms.ts';
import { defaultSettings, differingPaths, type RunSettings } from './formModel.ts';

interface PresetDefinition {
  readonly title: string;
  /** One sentence: what a person will see. */
  readonly description: string;
  /** What it takes, an estimate. */
  readonly takes: string;
  /** The preset this one is laid over; the defaults where absent. */
  readonly over?: string;
  /** The cold start's recipe; the dense one, which is the defaults', where absent. */
  readonly arm?: ArmName;
  readonly changes: SettingChanges;
}

const definitions = {
  mini: {
    title: 'Mini, dense cold start',
    description:
      'The whole recipe on 0.1M parameters: a cold start of tool calls at every step, which reinforcement learning keeps.',
    takes: 'a few minutes on a laptop’s GPU',
    changes: {},
  },
  'mini-sparse': {
    title: 'Mini, sparse cold start',
    description:
      'The same problems, but the teacher works them out in its head and only has the tool print its answer again: expect the calls to vanish, which is interaction collapse.',
    takes: 'a few minutes on a laptop’s GPU',
    arm: 'sparse',
    // A check of a real step catches errors, so a policy that makes some takes it up again (EXPERIMENTS.md, 2026-11-23).
    changes: { teacher: { checkKind: 'answer' } },
  },
  nine: {
    title: 'Nine calls, dense cold start',
    description:
      'Sums and differences of nine to eleven steps: the paper’s nine calls and more, on the policy of Mini. This cold start takes every step by tool.',
    takes: 'a few minutes on a laptop’s GPU, half an hour on a processor',
    changes: {
      task: { operations: '+-', valueMax: 20, coldStartMinLength: 9, coldStartMaxLength: 11 },
      // The sparse recipe's checks never pay, so that what they cost decides. The dense one makes none.
      teacher: { checkKind: 'answer' },
      curation: { denseMin: 9 },
      // Small batches: copying is learned by the number of steps rather than of tokens (EXPERIMENTS.md, 2026-11-23).
      sft: { batchSize: 4, learningRate: 5e-3, epochs: 4, probes: 6 },
      grpo: { promptsPerStep: 32, learningRate: 5e-4 },
      // Nine steps in the head fit this context; with one check afterwards three of four do, with two hardly any.
      stage1: { steps: 24, minLength: 9, maxLength: 9, context: 162 },
      // Two of its three lengths are longer than stage 1's nine, so that each is as frequent as in the benchmarks.
      stage2: { steps: 12, minLength: 9, maxLength: 11, context: 240, longShare: 0.67 },
      evaluation: { problems: 48, shortContext: 190, longContext: 260 },
    },
  },
  'nine-sparse': {
    title: 'Nine calls, sparse cold start',
    description:
      'The same problems, worked out in the head before the tool only prints the answer again: the policy can do many of them in its head, and reinforcement learning gives the tool up.',
    takes: 'a few minutes on a laptop’s GPU, half an hour on a processor',
    over: 'nine',
    arm: 'sparse',
    changes: {},
  },
  nano: {
    title: 'Nano, dense cold start',
    description:
      'Nine to eleven steps of all four operations on 0.34M parameters, with the paper’s nine calls and more. This cold start takes every step by tool, and keeps its calls.',
    takes: 'a few minutes on a laptop’s GPU, an hour or more on a processor',
    over: 'nine',
    changes: {
      policy: { preset: 'nano' },
      task: { operations: '+-*/%', valueMax: 49 },
      sft: { learningRate: 3e-3, epochs: 3 },
      // Nine steps in the head fit this context; of those with checks behind them half do not.
      stage1: { steps: 20, context: 172 },
      stage2: { steps: 10, context: 260 },
      evaluation: { shortContext: 210, longContext: 280 },
    },
  },
  'nano-sparse': {
    title: 'Nano, sparse cold start',
    description:
      'The same problems, worked out in the head before the tool only prints the answer again: reinforcement learning gives the tool up, and the run ends far behind the dense one.',
    takes: 'a few minutes on a laptop’s GPU, an hour or more on a processor',
    over: 'nano',
    arm: 'sparse',
    changes: {},
  },
  'nano-natural': {
    title: 'Nano, natural cold start',
    description:
      'Every density mixed in the cold start: expect reinforcement learning to multiply the calls that carry the computation.',
    takes: 'a few minutes on a laptop’s GPU, an hour or more on a processor',
    over: 'nano',
    changes: {
      teacher: { denseWeight: 0, sparseWeight: 0, naturalWeight: 1 },
      curation: { bin: 'all', keepZero: true },
    },
  },
  small: {
    title: 'Small',
    description: 'The nano recipe on 2M parameters, for a strong GPU.',
    takes: 'half an hour or so on a laptop’s GPU',
    over: 'nano',
    changes: {
      policy: { preset: 'small' },
      sft: { learningRate: 1e-3 },
      grpo: { learningRate: 1e-4 },
    },
  },
  micro: {
    title: 'Micro, a smoke test',
    description:
      'Sums and differences of one or two steps: every part of the recipe once, as fast as possible.',
    takes: 'seconds on a GPU, minutes on a processor',
    changes: {
      policy: { preset: 'micro' },
      task: {
        operations: '+-',
        valueMax: 20,
        coldStartMinLength: 1,
        coldStartMaxLength: 2,
        trainProblems: 32,
      },
      teacher: { trajectories: 320 },
      curation: { sparseMax: 0, denseMin: 1, size: 256 },
      sft: { epochs: 15, batchSize: 16, learningRate: 1e-2, warmupSteps: 20, probes: 2 },
      grpo: { promptsPerStep: 4, warmupSteps: 1 },
      stage1: { steps: 4, minLength: 1, maxLength: 2, context: 64 },
      stage2: { steps: 3, minLength: 1, maxLength: 2, context: 80, longShare: 0 },
      evaluation: { problems: 6, samples: 2, shortContext: 64, longContext: 80 },
      collapse: { patience: 3, sample: 32 },
    },
  },
  quick: {
    title: 'Quick, dense cold start',
    description:
      'Interaction collapse made small: sums and differences of two or three steps. This cold start takes every step by tool, and keeps its calls.',
    takes: 'seconds on a GPU, a minute or two on a processor',
    over: 'micro',
    changes: {
      task: { coldStartMinLength: 2, coldStartMaxLength: 3, trainProblems: 256 },
      teacher: { trajectories: 640, checksMax: 1 },
      curation: { sparseMax: 1, denseMin: 2, size: 400 },
      sft: { epochs: 16 },
      // At 1e-3 the dense arm forgets problems of three steps while stage 1 shows it those of two.
      grpo: { promptsPerStep: 16, learningRate: 5e-4 },
      // Two steps in the head fit this context; with a check afterwards they do not.
      stage1: { steps: 20, minLength: 2, maxLength: 2, context: 46 },
      stage2: { steps: 20, minLength: 2, maxLength: 3, context: 84, longShare: 0.5 },
      evaluation: { problems: 32, samples: 4, shortContext: 64, longContext: 84 },
      // Two calls are every step here, so the alarm's floor of two would go off in a sound run (it did, in one of three).
      collapse: { calls: 1, patience: 10 },
    },
  },
  'quick-sparse': {
    title: 'Quick, sparse cold start',
    description:
      'The same problems, worked out in the head and checked by tool afterwards: watch reinforcement learning give the checks up.',
    takes: 'seconds on a GPU, a minute or two on a processor',
    over: 'quick',
    arm: 'sparse',
    changes: {},
  },
} as const satisfies Record<string, PresetDefinition>;

export type PresetName = keyof typeof definitions;

export interface Preset {
  readonly name: PresetName;
  readonly title: string;
  readonly description: string;
  readonly takes: string;
  readonly settings: RunSettings;
}

export const defaultPreset: PresetName = 'mini';

function isPresetName(name: string): name is PresetName {
  return Object.hasOwn(definitions, name);
}

function settingsOf(name: PresetName): RunSettings {
  const definition: PresetDefinition = definitions[name];
  const over = definition.over;
  const base = over !== undefined && isPresetName(over) ? settingsOf(over) : defaultSettings;
  const arm = definition.arm === undefined ? undefined : findArm(definition.arm);
  return withChanges(withChanges(base, arm?.changes ?? {}), definition.changes);
}

/** All presets, in the order the page offers them. */
export const presets: readonly Preset[] = (Object.keys(definitions) as PresetName[]).map((name) => {
  const { title, description, takes }: PresetDefinition = definitions[name];
  return { name, title, description, takes, settings: settingsOf(name) };
});

const byName = new Map<string, Preset>(presets.map((preset) => [preset.name, preset]));

/** The preset of that name, or undefined. */
export function findPreset(name: string): Preset | undefined {
  return byName.get(name);
}

/** The settings of a preset; the defaults where there is no preset of that name. */
export function presetSettings(name: string): RunSettings {
  return byName.get(name)?.settings ?? defaultSettings;
}

/**
 * The preset that these settings are nearest to, by the number of settings that differ, seed and backend aside: an arm laid over one preset
 * may be another one, and a recording from before a setting existed differs from its own preset in that.
 * @param name of the preset that they are said to be changes of, which is taken where no other one is nearer
 */
export function presetOf(settings: RunSettings, name: string): string {
  const changes = (preset: Preset) =>
    differingPaths(preset.settings, { ...settings, run: preset.settings.run }).length;
  const [first, ...others] = [...presets].sort((a, b) => Number(b.name === name) - Number(a.name === name));
  let nearest = first!;
  for (const preset of others) if (changes(preset) < changes(nearest)) nearest = preset;
  return nearest.name;
}
