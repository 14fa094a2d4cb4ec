/**
 * The base policies, as data: what each has read, and how long it learned. `npm run pretrain -- --base NAME` makes one.
 *
 * A `thinker` has only ever seen a check now and then and no call that carries a step; a `mixed` base has also seen trajectories that take
 * some of their steps by tool. Which of them a run begins from decides where a policy that gave its tool up can find it again.
 */
import { baseSizes, type BaseName } from '../policy/baseNames.ts';
import type { Corpus, PretrainSettings } from '../train/pretrain.ts';
import { defaultSettings } from '../train/settings.ts';

export interface BaseDefinition {
  readonly name: BaseName;
  readonly title: string;
  /** One sentence: what it has seen. */
  readonly description: string;
  /** It comes with the lab (public/bases); the others are made for a study, into a folder of their own. */
  readonly isShipped: boolean;
  readonly settings: PretrainSettings;
}

const corpus = (valueMax: number, longest: number, mixedShare: number): Corpus => ({
  task: { family: 'chain', valueMax, operations: '+-*/%', firstLetter: 'any' },
  lengths: { min: 1, max: longest },
  mixedShare,
  mixedToolShares: '0.2,0.5,0.8',
  checkShare: 0.15,
});

const settings = (name: BaseName, steps: number, read: Corpus): PretrainSettings => ({
  policy: baseSizes[name],
  corpus: read,
  steps,
  batchSize: 8,
  learningRate: 3e-3,
  warmupSteps: 100,
  finalRatio: 0.05,
  optimizer: { ...defaultSettings.optimizer, weightDecay: 0.01 },
  seed: 1,
});

const mini = (name: BaseName, valueMax: number, isShipped: boolean): BaseDefinition => ({
  name,
  title: isShipped ? 'Mini' : `Mini, values to ${valueMax}`,
  description: `0.1M parameters, chains of 1 to 6 steps with values to ${valueMax}: it thinks, and has only ever seen a check now and then.`,
  isShipped,
  settings: settings(name, 6000, corpus(valueMax, 6, 0)),
});

const nano = (
  name: BaseName,
  title: string,
  seen: string,
  mixedShare: number,
  isShipped: boolean,
): BaseDefinition => ({
  name,
  title,
  description: `0.34M parameters, chains of 1 to 14 steps with values to 299: it thinks, and ${seen}.`,
  isShipped,
  settings: settings(name, 5000, corpus(299, 14, mixedShare)),
});

export const bases: readonly BaseDefinition[] = [
  mini('mini', 199, true),
  nano('nano-thinker', 'Nano, thinker', 'has only ever seen a check now and then', 0, true),
  nano('nano-mixed', 'Nano, mixed', 'a quarter of what it read takes some steps by tool', 0.25, true),
  nano('nano-mixed-10', 'Nano, 10% mixed', 'a tenth of what it read takes some steps by tool', 0.1, false),
  nano('nano-mixed-2', 'Nano, 2% mixed', 'a fiftieth of what it read takes some steps by tool', 0.02, false),
  mini('mini-49', 49, false),
  mini('mini-99', 99, false),
  mini('mini-149', 149, false),
  mini('mini-299', 299, false),
];

/** The base of that name, or undefined. */
export function findBase(name: string): BaseDefinition | undefined {
  return bases.find((base) => base.name === name);
}
