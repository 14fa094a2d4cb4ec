import { Template } from '@huggingface/jinja';
import { describe, expect, it } from 'vitest';
import { policyConfig } from '../policy/config.ts';
import { initialiseTensors } from '../policy/initialise.ts';
import { CheckpointError, narrowFloat16, writeSafetensors } from '../policy/safetensors.ts';
import { shapeText } from '../policy/shape.ts';
import { Random } from '../random/random.ts';
import { chainTask, faultless, teach } from '../tasks/testing/teacher.ts';
import { tokenTexts, vocabularySize } from '../tasks/vocabulary.ts';
import { defaultSettings } from '../train/settings.ts';
import { messagesOf, readableMessages } from './messages.ts';
import { modelFolder, json, type FolderFiles } from './modelFolder.ts';
import { policySettings, readModel } from './readModel.ts';
import { chatTemplate, type tokenizerJson } from './tokenizerFiles.ts';
import { unzipped, zipped } from './zip.ts';

const micro = policyConfig('micro', vocabularySize);
const settings = { ...defaultSettings, policy: { preset: 'micro', base: 'scratch', shape: '' } } as const;
const folder = (config = micro): FolderFiles =>
  modelFolder({
    ...{ config, settings, run: null, place: 'a test' },
    tensors: initialiseTensors(config, new Random(1)),
  });
const text = (files: FolderFiles, name: string) => new TextDecoder().decode(files.get(name));
const bytes = (value: unknown) => new TextEncoder().encode(json(value));

describe('the chat template', () => {
  const trajectories = teach(chainTask, faultless, 40).map(({ trajectory }) => trajectory);

  it('renders a trajectory’s messages to its tokens', () => {
    const template = new Template(chatTemplate);
    const splitter = new RegExp(tokenTexts.map(escaped).join('|'), 'g');
    for (const trajectory of trajectories) {
      const rendered = template.render({
        messages: messagesOf(trajectory),
        tools: [],
        add_generation_prompt: false,
      });
      const tokens = (rendered.match(splitter) ?? []).map((token) => tokenTexts.indexOf(token));
      expect(tokens).toEqual([...trajectory.tokens]);
    }
  });

  it('puts between the marks of generation exactly what the teacher wrote', () => {
    // Jinja without Hugging Face's extension drops the marks, so they are made visible first.
    const visible = chatTemplate
      .replaceAll('{%- generation -%}', "{{- '«' -}}")
      .replaceAll('{%- endgeneration -%}', "{{- '»' -}}");
    for (const trajectory of trajectories) {
      const marked = new Template(visible).render({ messages: messagesOf(trajectory), tools: [] });
      const written = [...marked.matchAll(/«([^»]*)»/g)].map(([, part]) => part).join('');
      const mask = trajectory.lossMask;
      const taught = [...trajectory.tokens].filter((_, i) => mask[i] === 1).map((token) => tokenTexts[token]);
      expect(written).toBe(taught.join(''));
    }
  });

  it('prints the name and the arguments of a tool that is not the lab’s, or TRL says that calls are not supported', () => {
    const call = { type: 'function', function: { name: 'other', arguments: { x: 'y' } } };
    const rendered = new Template(chatTemplate).render({
      messages: [
        { role: 'user', content: '1+1' },
        { role: 'assistant', content: '', tool_calls: [call] },
        { role: 'tool', name: 'other', content: '2' },
      ],
    });
    expect(rendered).toBe(
      '<|im_start|>1+1<think><tool_call>other({"x": "y"})</tool_call><tool_response>2</tool_response>',
    );
  });

  it('has no messages for a trajectory without an answer, but something to read', () => {
    const [trajectory] = trajectories;
    if (trajectory === undefined) throw new Error('there is one');
    const cut = {
      ...trajectory,
      tokens: trajectory.tokens.slice(0, -2),
      lossMask: trajectory.lossMask.slice(0, -2),
    };
    expect(() => messagesOf(cut)).toThrow(/no answer/);
    expect(readableMessages(cut)[0]).toMatchObject({ role: 'user', content: trajectory.problem.question });
  });
});

describe('a model folder', () => {
  it('has the files that transformers asks for', () => {
    const files = folder();
    expect([...files.keys()]).toEqual([
      ...['config.json', 'model.safetensors', 'tokenizer.json', 'tokenizer_config.json'],
      ...['chat_template.jinja', 'generation_config.json', 'README.md'],
    ]);
    expect(JSON.parse(text(files, 'config.json'))).toMatchObject({ model_type: 'qwen3', vocab_size: 61 });
    expect(JSON.parse(text(files, 'generation_config.json'))).toMatchObject({
      eos_token_id: [2, 6],
      top_k: 0,
    });
    const tokenizer = JSON.parse(text(files, 'tokenizer.json')) as ReturnType<typeof tokenizerJson>;
    expect(tokenizer.model.vocab).toEqual(Object.fromEntries(tokenTexts.map((token, id) => [token, id])));
    expect(tokenizer.added_tokens.map(({ content }) => content)).toEqual(tokenTexts.slice(0, 9));
    expect(text(files, 'README.md')).toContain('a test');
  });

  it.each([micro, { ...micro, tieWordEmbeddings: true, ropeTheta: 5e5, rmsNormEps: 1e-5, headDim: 14 }])(
    'comes back bit for bit',
    (config) => {
      const tensors = initialiseTensors(config, new Random(1));
      expect(readModel(folder(config))).toEqual({ config, tensors });
      expect(readModel(unzipped(zipped('model', folder(config)), () => true))).toEqual({ config, tensors });
    },
  );
});

describe('a model from elsewhere', () => {
  const tensors = initialiseTensors(micro, new Random(1));
  const with_ = (changes: Record<string, Uint8Array | null>) => {
    const files = new Map(folder());
    for (const [name, contents] of Object.entries(changes)) {
      if (contents === null) files.delete(name);
      else files.set(name, contents);
    }
    return () => readModel(files);
  };
  const config = JSON.parse(text(folder(), 'config.json')) as Record<string, unknown>;
  const stored = [...tensors].map(([name, tensor]) => [name, { dtype: 'F32' as const, ...tensor }] as const);
  const shard = (part: typeof stored) => writeSafetensors({ tensors: new Map(part), metadata: {} });
  const index = (where: (i: number) => string) =>
    bytes({ weight_map: Object.fromEntries(stored.map(([name], i) => [name, where(i)])) });
  const half = Math.floor(stored.length / 2);
  const shards = {
    'model.safetensors': null,
    'model-00001-of-00002.safetensors': shard(stored.slice(0, half)),
    'model-00002-of-00002.safetensors': shard(stored.slice(half)),
    'model.safetensors.index.json': index((i) => `model-0000${i < half ? 1 : 2}-of-00002.safetensors`),
  };

  it('may lie in shards', () => {
    expect(with_(shards)().tensors).toEqual(tensors);
  });

  it('may be float16', () => {
    const halves = [...tensors].map(
      ([name, { shape, data }]) =>
        [name, { dtype: 'F16' as const, shape, data: Uint16Array.from(data, narrowFloat16) }] as const,
    );
    const model = with_({
      'model.safetensors': writeSafetensors({ tensors: new Map(halves), metadata: {} }),
    })();
    const embedding = model.tensors.get('model.embed_tokens.weight');
    expect(embedding?.data[5]).toBeCloseTo(tensors.get('model.embed_tokens.weight')?.data[5] ?? NaN, 4);
  });

  it('keeps its own shape and numbers, whatever the form says', () => {
    const odd = { ...micro, ropeTheta: 1e6, rmsNormEps: 1e-5, intermediateSize: 72 };
    const model = readModel(folder(odd));
    expect(policySettings(model, { preset: 'nano', base: 'nano-mixed', shape: '' })).toEqual({
      ...{ preset: 'nano', base: 'scratch', shape: shapeText(odd) },
    });
    expect(policySettings(readModel(folder()), { preset: 'nano', base: 'nano-mixed', shape: '' })).toEqual({
      ...{ preset: 'micro', base: 'scratch', shape: '' },
    });
  });

  it.each([
    ['no weights', { 'model.safetensors': null }, /no \.safetensors file/],
    ['no config', { 'config.json': null }, /do not say their config/],
    ['a config that is no JSON', { 'config.json': Uint8Array.of(123) }, /config\.json is damaged/],
    ['another model', { 'config.json': bytes({ ...config, model_type: 'llama' }) }, /"llama"/],
    [
      'another vocabulary',
      { 'config.json': bytes({ ...config, vocab_size: 151936 }) },
      /reads 151936 tokens/,
    ],
    [
      'another tokenizer',
      { 'tokenizer.json': bytes({ model: { vocab: { a: 0, b: 1 } } }) },
      /2 tokens that are not the lab’s 61/,
    ],
    ['a damaged tokenizer', { 'tokenizer.json': bytes({ model: {} }) }, /tokenizer\.json is damaged/],
    [
      'a missing shard',
      { ...shards, 'model-00002-of-00002.safetensors': null },
      /“model-00002-of-00002\.safetensors” is missing/,
    ],
    [
      'a tensor in no shard',
      { ...shards, 'model.safetensors.index.json': index(() => 'model-00001-of-00002.safetensors') },
      /but it is not/,
    ],
    ['an index without a map', { ...shards, 'model.safetensors.index.json': bytes({}) }, /"weight_map"/],
    ['two files and no index', { 'other.safetensors': shard(stored) }, /2 \.safetensors files/],
    [
      'weights that are cut off',
      { 'model.safetensors': shard(stored).slice(0, 900) },
      /cut off|longer than the file/,
    ],
    [
      'a tied config and a head',
      { 'config.json': bytes({ ...config, tie_word_embeddings: true }) },
      /ties the head/,
    ],
  ])('is refused with %s, in a sentence', (_, changes, sentence) => {
    expect(with_(changes)).toThrow(sentence);
    expect(with_(changes)).toThrow(CheckpointError);
  });

  it('is refused as a zip that is none', () => {
    expect(() => unzipped(Uint8Array.of(1, 2, 3), () => true)).toThrow(CheckpointError);
  });
});

function escaped(token: string): string {
  return token.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
}
