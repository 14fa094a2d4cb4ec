/**
 * What is timed: batches and rollouts of the task's shape, from a seeded generator.
 *
 * Both engines get the same tokens, masks, advantages, prompts, seeds and forced tool results. Lengths, prompt sharing,
 * calls and their results are those of the recipe: a prompt shared by a group of eight, a call every dozen
 * tokens or so, a forced result after each, sequences that end at different times. Only the tokens mean nothing.
 */
import type { GrpoObjective, GrpoSequence, OptimizerSettings, RolloutOptions } from '../engine/engine.ts';
import type { NamedTensors, PolicyConfig } from '../policy/config.ts';
import { initialiseTensors } from '../policy/initialise.ts';
import type { Random } from '../random/random.ts';

export const groupSize = 8;

export const benchPresets = ['micro', 'mini', 'nano', 'small'] as const;
export type BenchPreset = (typeof benchPresets)[number];

/** Tokens of a prompt, and the shortest and longest whole sequence, by preset. */
const shapes: Readonly<Record<BenchPreset, { prompt: number; shortest: number; longest: number }>> = {
  micro: { prompt: 16, shortest: 40, longest: 60 },
  mini: { prompt: 30, shortest: 96, longest: 130 },
  nano: { prompt: 44, shortest: 150, longest: 230 },
  small: { prompt: 44, shortest: 150, longest: 230 },
};

/** Small, so that however many steps are timed the weights stay those of an early run. */
export const optimizer: OptimizerSettings = {
  learningRate: 1e-5,
  beta1: 0.9,
  beta2: 0.999,
  epsilon: 1e-8,
  weightDecay: 0.01,
  maxGradNorm: 1,
};

export const objective: GrpoObjective = {
  clipLow: 0.2,
  clipHigh: 0.28,
  dualClip: 10,
  tisCap: 2,
  entropyCoefficient: 0,
  klCoefficient: 0,
  temperature: 1,
};

/** A new policy, but with a head that is not zero: sampling from it must not be a tie at every token. */
export function benchWeights(config: PolicyConfig, random: Random): NamedTensors {
  const tensors = new Map(initialiseTensors(config, random));
  const head = tensors.get('lm_head.weight');
  if (head) {
    const draws = random.fork('head');
    const scale = 1 / Math.sqrt(config.hiddenSize);
    tensors.set('lm_head.weight', { ...head, data: head.data.map(() => scale * draws.normal()) });
  }
  return tensors;
}

/** Sequences for an SFT or a GRPO step; the former ignores what it does not know. */
export function trainingBatch(
  preset: BenchPreset,
  vocabulary: number,
  sequences: number,
  random: Random,
): GrpoSequence[] {
  const { prompt, shortest, longest } = shapes[preset];
  return Array.from({ length: sequences }, (_, index) => {
    const draws = random.fork('sequence', index);
    const length = draws.integer(shortest, longest);
    const tokens = Int32Array.from({ length }, () => draws.integer(0, vocabulary - 1));
    const lossMask = responseMask(length, prompt, draws);
    // About as probable as a new policy finds its own samples.
    const oldLogProbs = Float32Array.from(tokens, () => -Math.log(vocabulary) + 0.3 * draws.normal());
    const samplerLogProbs = oldLogProbs.map((value) => value + 1e-4 * draws.normal());
    return { tokens, lossMask, oldLogProbs, samplerLogProbs, advantage: draws.normal() };
  });
}

/** 1 where the policy would have sampled: not in the prompt, not in the results of its calls. // [tokens] */
function responseMask(length: number, prompt: number, random: Random): Uint8Array {
  const mask = new Uint8Array(length).fill(1, prompt);
  for (let at = prompt + random.integer(8, 16); at < length;) {
    const result = random.integer(4, 8);
    mask.fill(0, at, at + result);
    at += result + random.integer(8, 16);
  }
  return mask;
}

export interface RolloutWork {
  readonly options: RolloutOptions;
  readonly prompts: readonly (readonly number[])[];
  /** Calls after which a sequence is stopped, by id. */
  readonly calls: readonly number[];
  /** The forced tokens after call `call` of sequence `id`. */
  readonly result: (id: number, call: number) => readonly number[];
}

/**
 * Groups of eight samples of a prompt.
 * @param response most tokens after the prompt; the preset's own length unless there is less time than that takes
 */
export function rolloutWork(
  preset: BenchPreset,
  vocabulary: number,
  sequences: number,
  response: number,
  random: Random,
): RolloutWork {
  const { prompt } = shapes[preset];
  const results = random.fork('results');
  const resultPool = Array.from({ length: 64 }, () =>
    Array.from({ length: results.integer(4, 8) }, () => results.integer(0, vocabulary - 1)),
  );
  const prompts: number[][] = [];
  for (let id = 0; id < sequences; id++) {
    const draws = random.fork('prompt', Math.floor(id / groupSize));
    const length = draws.integer(prompt - 6, prompt);
    prompts.push(Array.from({ length }, () => draws.integer(0, vocabulary - 1)));
  }
  const budgets = random.fork('calls');
  return {
    options: {
      sampling: { temperature: 1, topP: 1 },
      seed: random.fork('sampling').uint32(),
      context: prompt + response,
      // A new policy samples every token about equally often: five turn-end tokens of sixty make a call every twelve tokens.
      turnEndTokens: Array.from({ length: Math.max(1, Math.round(vocabulary / 12)) }, (_, i) => i + 1),
      endTokens: [],
    },
    prompts,
    calls: prompts.map(() => budgets.integer(4, 12)),
    result: (id, call) => resultPool[(id * 7 + call) % resultPool.length]!,
  };
}

/** Response tokens of the preset's longest sequence. */
export function fullResponse(preset: BenchPreset): number {
  return shapes[preset].longest - shapes[preset].prompt;
}
