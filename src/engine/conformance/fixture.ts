/**
 * The reference numbers of `src/engine/conformance/fixtures` (PyTorch, float64 inside), as the conformance suite wants them.
 *
 * The files are made by `make_fixture.py`, which shares no code with any engine. Arrays come back cut to each row's true
 * length: what the engines promise is about tokens, not about padding.
 */
import type { NamedTensor, NamedTensors, PolicyConfig } from '../../policy/config.ts';
import { readSafetensors } from '../../policy/safetensors.ts';
import type { GrpoSequence } from '../engine.ts';

export const fixtureNames = ['tiny', 'odd'] as const;
export type FixtureName = (typeof fixtureNames)[number];

interface FixtureScalars {
  readonly config: Readonly<Record<string, number | boolean>>;
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
  return parseFixture(JSON.parse(json) as FixtureScalars, safetensors);
}

async function fixtureFiles(name: FixtureName): Promise<{ json: string; safetensors: Uint8Array }> {
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

function parseFixture(scalars: FixtureScalars, bytes: Uint8Array): Fixture {
  const { tensors } = readSafetensors(bytes);
  const array = (key: string) => {
    const tensor = tensors.get(key);
    if (!tensor) throw new Error(`The fixture has no "${key}".`);
    return tensor.data;
  };
  const group = (prefix: string): NamedTensors => {
    const found = new Map<string, NamedTensor>();
    for (const [key, { shape, data }] of tensors) {
      if (key.startsWith(prefix))
        found.set(key.slice(prefix.length), { shape, data: Float32Array.from(data) });
    }
    return found;
  };
  const lengths = [...array('in/length')];
  /** Each row's first `length` entries of [rows, time, width]. */
  const rows = (key: string, width = 1) =>
    lengths.map((length, row) => {
      const start = row * scalars.time * width;
      return Float32Array.from(array(key).subarray(start, start + length * width));
    });
  const tokens = rows('in/tokens');
  const masks = rows('in/loss_mask');
  const old = rows('in/old_logprob');
  const sampler = rows('in/tis_logprob');
  const advantages = array('in/advantage');
  const config = configOf(scalars.config);
  return {
    scalars,
    config,
    weights: group('w/'),
    sequences: lengths.map((_, row) => ({
      tokens: Int32Array.from(tokens[row]!),
      lossMask: Uint8Array.from(masks[row]!),
      advantage: advantages[row]!,
      oldLogProbs: old[row]!,
      samplerLogProbs: sampler[row]!,
    })),
    logits: rows('out/logits', config.vocabularySize),
    logProbs: rows('out/logprob'),
    entropies: rows('out/entropy'),
    sftGradients: group('out/sft_grad/'),
    grpoGradients: group('out/grpo_grad/'),
    afterTenSteps: group('out/adamw10/'),
  };
}

function configOf(raw: Readonly<Record<string, number | boolean>>): PolicyConfig {
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
