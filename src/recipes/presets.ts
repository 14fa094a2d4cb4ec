/**
 * Presets: named starting points, as layered changes to the schema's defaults.
 *
 * Invariants. (1) A preset is data: a few values over another preset (or over the defaults), nothing computed. (2) What a
 * preset does not say is the schema's default, the paper's where the paper has the setting. (3) Every preset parses and
 * can run: a test checks each against the schema and against `validateSettings`.
 */
import { findArm, withChanges, type ArmName, type SettingChanges } from './arms.ts';
import { defaultSettings, differingPaths, type RunSettings } from './formModel.ts';

interface PresetDefinition {
  readonly title: string;
  /** One sentence: what a person will see. */
  readonly description: string;
  /** What it takes, from a quiet machine of two cores (2026-11-28: headless 39, 49, 8, 3 s for quick, its twin, scratch, micro). */
  readonly takes: string;
  /** The preset this one is laid over; the defaults where absent. */
  readonly over?: string;
  /** The cold start's recipe; the dense one, which is the defaults', where absent. */
  readonly arm?: ArmName;
  readonly changes: SettingChanges;
}

const definitions = {
  quick: {
    title: 'Quick, dense cold start',
    description:
      'From a base that thinks, with a tool it has hardly seen. This cold start takes many steps by tool: reinforcement learning keeps the calls and makes more of them, and accuracy rises.',
    takes: 'about a minute on two cores of a processor; no GPU has been timed',
    changes: {
      policy: { preset: 'mini', base: 'mini' },
      task: { valueMax: 149, coldStartMinLength: 4, coldStartMaxLength: 6, trainProblems: 512 },
      teacher: {
        trajectories: 2400,
        denseShares: '0.6,0.75,0.9',
        checksMax: 2,
        checkKind: 'answer',
        slipRate: 0,
        badCallRate: 0,
      },
      curation: { sparseMax: 2, denseMin: 3, size: 1500 },
      sft: { epochs: 4, batchSize: 8, learningRate: 2e-3, warmupSteps: 20, probes: 4 },
      grpo: { promptsPerStep: 24, learningRate: 5e-4 },
      // Four steps in the head fit this context; with a check afterwards half of them do not, with two hardly any.
      stage1: { steps: 20, minLength: 4, maxLength: 4, context: 99 },
      stage2: { steps: 30, minLength: 4, maxLength: 6, context: 200, longShare: 0.67 },
      evaluation: { problems: 64, samples: 2, temperature: 1, topP: 1, shortContext: 124, longContext: 200 },
      // As the goal of the runs asks (study/goals.ts): the prototype's sparse arms went to 0.2 to 0.3 of their calls, not lower.
      collapse: { share: 0.4 },
    },
  },
  'quick-sparse': {
    title: 'Quick, sparse cold start',
    description:
      'The same base and the same problems, but every step is worked out in the head before the tool only prints the answer again: reinforcement learning gives the tool up.',
    takes: 'about a minute on two cores of a processor; no GPU has been timed',
    over: 'quick',
    arm: 'sparse',
    changes: {},
  },
  nano: {
    title: 'Nano, dense cold start',
    description:
      'Eleven to fourteen steps with values to 299 on 0.34M parameters, where the head is often wrong: the cold start makes the paper’s nine calls and more, and reinforcement learning adds to them.',
    takes: 'about eight minutes on a processor; no GPU has been timed',
    over: 'quick',
    changes: {
      policy: { preset: 'nano', base: 'nano-thinker' },
      task: { valueMax: 299, coldStartMinLength: 11, coldStartMaxLength: 14, trainProblems: 1024 },
      teacher: { trajectories: 2400 },
      // With 500 the dense arm ends at 86%; at a rate of 4e-4 it does not pass 80% of stage 1 (src/study/RESULTS.md, tuning).
      curation: { sparseMax: 2, denseMin: 9, size: 1000 },
      sft: { epochs: 2, learningRate: 1e-3 },
      grpo: { promptsPerStep: 32, learningRate: 3e-4 },
      // Eleven steps in the head fit this context; with two checks afterwards half of them do not.
      stage1: { steps: 24, minLength: 11, maxLength: 11, context: 267 },
      // At a constant rate the dense arm swings between 82 and 96% to its end.
      stage2: { steps: 30, minLength: 11, maxLength: 14, context: 420, longShare: 0.75, finalRatio: 0.1 },
      evaluation: { problems: 100, samples: 1, shortContext: 330, longContext: 420 },
    },
  },
  'nano-sparse': {
    title: 'Nano, sparse cold start',
    description:
      'The same base and the same problems, worked out in the head before the tool only prints the answer again: the calls go, and the run ends far behind the dense one.',
    takes: 'about eight minutes on a processor; no GPU has been timed',
    over: 'nano',
    arm: 'sparse',
    changes: {},
  },
  scratch: {
    title: 'From scratch, dense cold start',
    description:
      'No base: sums and differences of two or three steps on 0.02M parameters that begin as noise, so the cold start teaches everything. It takes every step by tool.',
    takes: 'about ten seconds on two cores of a processor; no GPU has been timed',
    over: 'micro',
    changes: {
      task: { coldStartMinLength: 2, coldStartMaxLength: 3, trainProblems: 256 },
      teacher: { trajectories: 640, checksMax: 1 },
      curation: { sparseMax: 1, denseMin: 2, size: 400 },
      sft: { epochs: 16, learningRate: 1e-2 },
      // At 1e-3 the dense arm forgets problems of three steps while stage 1 shows it those of two.
      grpo: { promptsPerStep: 16, learningRate: 5e-4 },
      // Two steps in the head fit this context; with a check afterwards they do not.
      stage1: { steps: 20, minLength: 2, maxLength: 2, context: 50 },
      stage2: { steps: 20, minLength: 2, maxLength: 3, context: 84, longShare: 0.5 },
      evaluation: { problems: 32, samples: 4, shortContext: 64, longContext: 84 },
      collapse: { patience: 10 },
    },
  },
  'scratch-sparse': {
    title: 'From scratch, sparse cold start',
    description:
      'The same problems and the same noise to begin with; every step is worked out in the head and then checked by tool.',
    takes: 'about ten seconds on two cores of a processor; no GPU has been timed',
    over: 'scratch',
    arm: 'sparse',
    changes: {},
  },
  micro: {
    title: 'Micro, a smoke test',
    description:
      'Sums and differences of one or two steps: every part of the recipe once, as fast as possible.',
    takes: 'a few seconds on two cores of a processor; no GPU has been timed',
    changes: {
      policy: { preset: 'micro' },
      task: {
        operations: '+-',
        valueMax: 20,
        firstLetter: 'a',
        coldStartMinLength: 1,
        coldStartMaxLength: 2,
        trainProblems: 32,
      },
      teacher: { trajectories: 320 },
      curation: { sparseMax: 0, denseMin: 1, size: 256 },
      // At 1e-2 a spike of the gradient at step 45 tears backends apart: roundings of 1e-7 are a hundredth at the end.
      sft: { epochs: 15, batchSize: 16, learningRate: 3e-3, warmupSteps: 20, probes: 2 },
      grpo: { promptsPerStep: 4, warmupSteps: 1 },
      stage1: { steps: 4, minLength: 1, maxLength: 2, context: 64 },
      stage2: { steps: 3, minLength: 1, maxLength: 2, context: 80, longShare: 0 },
      evaluation: { problems: 6, samples: 2, shortContext: 64, longContext: 80 },
      collapse: { patience: 3, sample: 32 },
    },
  },
  'micro-sparse': {
    title: 'Micro, sparse cold start',
    description: 'The smoke test with the other cold start: every step in the head, and at most a check.',
    takes: 'a few seconds on two cores of a processor; no GPU has been timed',
    over: 'micro',
    arm: 'sparse',
    changes: { curation: { sparseMax: 1, denseMin: 2 } },
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

export const defaultPreset: PresetName = 'quick';

/** Presets of earlier versions, in addresses and files, and what shows the same today. */
const successors: Readonly<Record<string, PresetName>> = {
  mini: 'quick',
  'mini-sparse': 'quick-sparse',
  nine: 'nano',
  'nine-sparse': 'nano-sparse',
  'nano-natural': 'nano',
  small: 'nano',
};

/** The preset that took the place of one that is gone, or undefined. */
export function successorOf(name: string): PresetName | undefined {
  return Object.hasOwn(successors, name) ? successors[name] : undefined;
}

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

/** The settings of a preset; the default one's where there is no preset of that name. */
export function presetSettings(name: string): RunSettings {
  return (byName.get(name) ?? byName.get(defaultPreset)!).settings;
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
