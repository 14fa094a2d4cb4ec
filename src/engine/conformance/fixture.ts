/**
 * The reference numbers of `src/engine/conformance/fixtures` (PyTorch, float64 inside), as the conformance suite wants them.
 *
 * The files are made by `make_fixture.py` and `make_objectives.py`, which share no code with any engine. Arrays come back cut to each row's true
 * length: what the engines promise is about tokens, not about padding.
 */
import type { NamedTensor, NamedTensors, PolicyConfig } from '../../policy/config.ts';
import { readSafetensors } from '../../policy/safetensors.ts';
import type { GrpoSequence } from '../engine.ts';

export const fixtureNames = ['tiny', 'odd'] as const;
export type FixtureName = (typeof fixtureNames)[number];

type RawConfig = Readonly<Record<string, number | boolean>>;

interface FixtureScalars {
  readonly config: RawConfig;
  readonly rows: number;
  readonly time: number;
  readonly sft_loss: number;
  readonly grpo_loss: number;
  readonly sft_grad_norm: number;
  readonly adamw_losses: readonly number[];
  readonly adamw_grad_norms: readonly number[];
  readonly clip_low: number;
  readonly clip_high: number;
  readonly dual_clip: number;
  readonly masked_tokens: number;
}

export interface Fixture {
  readonly scalars: FixtureScalars;
  readonly config: PolicyConfig;
  readonly weights: NamedTensors;
  readonly sequences: readonly GrpoSequence[];
  readonly logits: readonly Float32Array[]; // [rows][tokens * vocabulary]
  readonly logProbs: readonly Float32Array[]; // [rows][tokens]
  readonly entropies: readonly Float32Array[]; // [rows][tokens]
  readonly sftGradients: NamedTensors;
  readonly grpoGradients: NamedTensors;
  readonly afterTenSteps: NamedTensors;
}

/** Load a fixture's two files: from the disk in Node, over the dev server in a browser. */
export async function loadFixture(name: FixtureName): Promise<Fixture> {
  const { json, safetensors } = await fixtureFiles(name);
  const scalars = JSON.parse(json) as FixtureScalars;
  const file = new FixtureFile(scalars, safetensors);
  return {
    scalars,
    config: file.config,
    weights: file.group('w/'),
    sequences: file.sequences(),
    logits: file.rows('out/logits', file.config.vocabularySize),
    logProbs: file.rows('out/logprob'),
    entropies: file.rows('out/entropy'),
    sftGradients: file.group('out/sft_grad/'),
    grpoGradients: file.group('out/grpo_grad/'),
    afterTenSteps: file.group('out/adamw10/'),
  };
}

async function fixtureFiles(name: string): Promise<{ json: string; safetensors: Uint8Array }> {
  if (typeof self === 'undefined') {
    const { readFile } = await import('node:fs/promises');
    const at = (extension: string) => new URL(`./fixtures/${name}.${extension}`, import.meta.url);
    return { json: await readFile(at('json'), 'utf8'), safetensors: await readFile(at('safetensors')) };
  }
  const urls = import.meta.glob<string>('./fixtures/*.safetensors', { query: '?url', import: 'default' });
  const texts = import.meta.glob<string>('./fixtures/*.json', { query: '?raw', import: 'default' });
  const url = await urls[`./fixtures/${name}.safetensors`]?.();
  const json = await texts[`./fixtures/${name}.json`]?.();
  if (url === undefined || json === undefined) throw new Error(`There is no fixture "${name}".`);
  return { json, safetensors: new Uint8Array(await (await fetch(url)).arrayBuffer()) };
}

/** What every fixture has: a policy, its weights, a batch, and arrays by name. */
class FixtureFile {
  readonly config: PolicyConfig;
  readonly #tensors: ReturnType<typeof readSafetensors>['tensors'];
  readonly #lengths: readonly number[];
  readonly #time: number;

  constructor({ config, time }: { config: RawConfig; time: number }, bytes: Uint8Array) {
    this.config = configOf(config);
    this.#tensors = readSafetensors(bytes).tensors;
    this.#time = time;
    this.#lengths = [...this.#array('in/length')];
  }

  /** Every tensor whose name begins so, by the rest of its name. */
  group(prefix: string): NamedTensors {
    const found = new Map<string, NamedTensor>();
    for (const [key, { shape, data }] of this.#tensors) {
      if (key.startsWith(prefix))
        found.set(key.slice(prefix.length), { shape, data: Float32Array.from(data) });
    }
    return found;
  }

  /** Each row's first `length` entries of [rows, time, width]. // [rows][length * width] */
  rows(key: string, width = 1): Float32Array[] {
    const array = this.#array(key);
    return this.#lengths.map((length, row) => {
      const start = row * this.#time * width;
      return Float32Array.from(array.subarray(start, start + length * width));
    });
  }

  sequences(): GrpoSequence[] {
    const tokens = this.rows('in/tokens');
    const masks = this.rows('in/loss_mask');
    const old = this.rows('in/old_logprob');
    const sampler = this.rows('in/tis_logprob');
    const advantages = this.#array('in/advantage');
    return this.#lengths.map((_, row) => ({
      tokens: Int32Array.from(tokens[row]!),
      lossMask: Uint8Array.from(masks[row]!),
      advantage: advantages[row]!,
      oldLogProbs: old[row]!,
      samplerLogProbs: sampler[row]!,
    }));
  }

  #array(key: string): Float32Array | Int32Array {
    const tensor = this.#tensors.get(key);
    if (!tensor) throw new Error(`The fixture has no "${key}".`);
    return tensor.data;
  }
}

/** The objective fixture (`make_objectives.py`): one batch under settings that the paper leaves at their defaults. */
export interface ObjectiveFixture {
  readonly config: PolicyConfig;
  readonly weights: NamedTensors;
  readonly sequences: readonly GrpoSequence[];
  readonly referenceLogProbs: readonly Float32Array[]; // [rows][tokens]
  readonly tokens: number; // masked-in
  readonly cases: readonly ObjectiveCase[];
}

export interface ObjectiveCase {
  readonly name: string;
  readonly scalars: ObjectiveScalars;
  readonly logProbs: readonly Float32Array[]; // [rows][tokens], at the case's temperature
  readonly entropies: readonly Float32Array[]; // [rows][tokens]
  readonly gradients: NamedTensors;
}

interface ObjectiveScalars {
  readonly temperature: number;
  readonly kl_coefficient: number;
  readonly entropy_coefficient: number;
  readonly loss: number;
  readonly grad_norm: number;
  readonly entropy: number;
  readonly kl: number;
  readonly clip_low: number;
  readonly clip_high: number;
  readonly dual_clip: number;
}

export async function loadObjectiveFixture(): Promise<ObjectiveFixture> {
  const { json, safetensors } = await fixtureFiles('objectives');
  const scalars = JSON.parse(json) as {
    readonly config: RawConfig;
    readonly time: number;
    readonly masked_tokens: number;
    readonly cases: Readonly<Record<string, ObjectiveScalars>>;
  };
  const file = new FixtureFile(scalars, safetensors);
  return {
    config: file.config,
    weights: file.group('w/'),
    sequences: file.sequences(),
    referenceLogProbs: file.rows('in/reference_logprob'),
    tokens: scalars.masked_tokens,
    cases: Object.entries(scalars.cases).map(([name, numbers]) => ({
      name,
      scalars: numbers,
      logProbs: file.rows(`out/${name}/logprob`),
      entropies: file.rows(`out/${name}/entropy`),
      gradients: file.group(`out/${name}/grad/`),
    })),
  };
}

function configOf(raw: RawConfig): PolicyConfig {
  const number = (key: string) => {
    const value = raw[key];
    if (typeof value !== 'number') throw new Error(`The fixture's config has no "${key}".`);
    return value;
  };
  return {
    vocabularySize: number('vocab_size'),
    hiddenSize: number('hidden_size'),
    layers: number('num_hidden_layers'),
    heads: number('num_attention_heads'),
    kvHeads: number('num_key_value_heads'),
    headDim: number('head_dim'),
    intermediateSize: number('intermediate_size'),
    rmsNormEps: number('rms_norm_eps'),
    ropeTheta: number('rope_theta'),
    tieWordEmbeddings: raw['tie_word_embeddings'] === true,
  };
}
