/**
 * Arms: cold-start recipes to lay over any preset. What ASTER compares.
 *
 * Invariant: an arm is data, a few settings of the teacher and the curation (and, for `zero`, of the cold start); problems,
 * number of trajectories, seeds and reinforcement learning stay the preset's. There is no branch on arms in the trainer.
 * How many calls are "sparse" or "dense", and how many checks the expert makes, belongs to the preset, whose chains have a
 * length. Sparse keeps trajectories without any check: where every one had a check, the calls fell to
 * one in each trajectory and then hardly further within fourteen steps.
 */
import type { RunSettings } from './formModel.ts';

export type SettingChanges = { readonly [Group in keyof RunSettings]?: Partial<RunSettings[Group]> };

interface ArmDefinition {
  readonly title: string;
  /** One sentence: what its cold start is made of. */
  readonly description: string;
  readonly changes: SettingChanges;
}

/** Shares of the teacher's styles that several arms draw from. */
const mostlyDense = { denseWeight: 8, sparseWeight: 1, naturalWeight: 1, selectiveWeight: 0 } as const;
const mixture = { denseWeight: 0, sparseWeight: 0, naturalWeight: 1, selectiveWeight: 0 } as const;

const definitions = {
  dense: {
    title: 'Dense',
    description:
      'Most steps by a tool call, as many as the preset says: ASTER’s interaction-dense cold start.',
    changes: {
      teacher: mostlyDense,
      curation: { bin: 'dense', keepZero: false },
    },
  },
  sparse: {
    title: 'Sparse',
    description:
      'Every step worked out in the head, then at most a check or two by tool, as in ReTool’s data.',
    changes: {
      teacher: { denseWeight: 1, sparseWeight: 8, naturalWeight: 1, selectiveWeight: 0 },
      curation: { bin: 'sparse', keepZero: true },
    },
  },
  'no-dense': {
    title: 'Without the dense subset',
    description: 'ASTER’s ablation: the dense recipe’s own pool, but for its interaction-dense trajectories.',
    changes: {
      teacher: mostlyDense,
      curation: { bin: 'belowDense', keepZero: true },
    },
  },
  natural: {
    title: 'Natural',
    description: 'A broad mixture: every density, nothing left out.',
    changes: {
      teacher: mixture,
      curation: { bin: 'all', keepZero: true },
    },
  },
  selective: {
    title: 'Selective',
    description: 'A call where a step is hard, the head where it is easy, as in DemyAgent.',
    changes: {
      teacher: { denseWeight: 0, sparseWeight: 0, naturalWeight: 0, selectiveWeight: 1 },
      curation: { bin: 'all', keepZero: true },
    },
  },
  zero: {
    title: 'Zero',
    description:
      'No cold start beyond the format: one short pass over the mixture, then reinforcement learning.',
    changes: {
      teacher: mixture,
      curation: { bin: 'all', keepZero: true },
      sft: { epochs: 1 },
    },
  },
} as const satisfies Record<string, ArmDefinition>;

export type ArmName = keyof typeof definitions;

export interface Arm extends ArmDefinition {
  readonly name: ArmName;
}

export const armNames = Object.keys(definitions) as readonly ArmName[];

/** All arms, the dense one first. */
export const arms: readonly Arm[] = armNames.map((name) => ({ name, ...definitions[name] }));

export function findArm(name: string): Arm | undefined {
  return arms.find((arm) => arm.name === name);
}

/** `base` with `changes` laid over it, group by group. */
export function withChanges(base: RunSettings, changes: SettingChanges): RunSettings {
  const groups = Object.keys(base) as (keyof RunSettings)[];
  const entries = groups.map((group) => [group, { ...base[group], ...changes[group] }] as const);
  return Object.fromEntries(entries) as unknown as RunSettings;
}
