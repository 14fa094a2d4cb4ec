/**
 * The base policies, as data: what each has read, and how long it learned. `npm run base -- --base NAME` makes one.
 *
 * A `thinker` has only ever seen a check now and then and no call that carries a step; a `mixed` base has also seen trajectories that take
 * some of their steps by tool; it goes on from the thinker, so that bases which differ in that share have the same head. Which of them a run begins from decides where a policy that gave its tool up can find it again.
 */
import { baseSizes, type BaseName } from '../policy/baseNames.ts';
import type { Corpus, PretrainSettings } from '../train/pretrain.ts';
import { defaultSettings } from '../train/settings.ts';

export interface BaseDefinition {
  readonly name: BaseName;
  readonly title: string;
  /** One sentence: what it has seen. */
  readonly description: string;
  /** The base that it goes on from; freshly drawn weights where absent. */
  readonly from?: BaseName;
  /** It comes with the lab (public/bases); the others are made for a study, into a folder of their own. */
  readonly isShipped: boolean;
  readonly settings: PretrainSettings;
}

/**
 * Checks print a value that was worked out before, so half of them copy a step: with a share of 0.15 some seeds' cold starts never learned to
 * copy (src/study/RESULTS.md, tuning).
 */
const checkShare = 0.3;

const corpus = (valueMax: number, longest: number, mixedShare: number): Corpus => ({
  task: { family: 'chain', valueMax, operations: '+-*/%', firstLetter: 'any' },
  lengths: { min: 1, max: longest },
  mixedShare,
  mixedToolShares: '0.2,0.5,0.8',
  checkShare,
});

/** How long a base learns, at which peak rate. */
type Length = Pick<PretrainSettings, 'steps' | 'batchSize' | 'learningRate'>;

const settings = (name: BaseName, length: Length, read: Corpus): PretrainSettings => ({
  ...length,
  policy: baseSizes[name],
  corpus: read,
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
  settings: settings(name, { steps: 6000, batchSize: 8, learningRate: 3e-3 }, corpus(valueMax, 6, 0)),
});

const nano = (
  name: BaseName,
  title: string,
  seen: string,
  more: Pick<BaseDefinition, 'isShipped' | 'from'> & { readonly length: Length; readonly mixedShare: number },
): BaseDefinition => {
  const { isShipped, from, length, mixedShare } = more;
  return {
    name,
    title,
    description: `0.34M parameters, chains of 1 to 14 steps with values to 299: it thinks, and ${seen}.`,
    isShipped,
    ...(from === undefined ? {} : { from }),
    settings: settings(name, length, corpus(299, 14, mixedShare)),
  };
};

/** A base that goes on from the thinker, on a corpus with a share of mixed tool use. */
const mixed = (name: BaseName, title: string, share: string, mixedShare: number, isShipped: boolean) =>
  nano(name, title, `${share} of what it read last takes some steps by tool`, {
    isShipped,
    from: 'nano-thinker',
    length: { steps: 600, batchSize: 8, learningRate: 1e-3 },
    mixedShare,
  });

export const bases: readonly BaseDefinition[] = [
  mini('mini', 149, true),
  nano('nano-thinker', 'Nano, thinker', 'has only ever seen a check now and then', {
    isShipped: true,
    length: { steps: 5000, batchSize: 8, learningRate: 3e-3 },
    mixedShare: 0,
  }),
  mixed('nano-mixed', 'Nano, mixed', 'a quarter', 0.25, true),
  mixed('nano-mixed-10', 'Nano, 10% mixed', 'a tenth', 0.1, false),
  mixed('nano-mixed-2', 'Nano, 2% mixed', 'a fiftieth', 0.02, false),
  mini('mini-49', 49, false),
  mini('mini-99', 99, false),
  mini('mini-199', 199, false),
  mini('mini-299', 299, false),
];

/** The base of that name, or undefined. */
export function findBase(name: string): BaseDefinition | undefined {
  return bases.find((base) => base.name === name);
}
