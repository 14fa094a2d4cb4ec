/**
 * A model from elsewhere: a folder that `save_pretrained` wrote, a single `.safetensors` file, or shards with their index; float32,
 * float16 or bfloat16; with a head of its own or tied to the embedding.
 *
 * Invariants (readModel.test.ts). (1) Sizes, rotary base, epsilon and head size are those of the files, never a preset's. (2) A tokenizer
 * that reads other tokens than the lab's is refused: its weights would be numbers for other letters. (3) Whatever is wrong is one
 * `CheckpointError` with one sentence, and nothing is taken over then. (4) What modelFolder.ts wrote comes back bit for bit.
 */
import { z } from 'zod';
import { parseJson } from '../foreign/json.ts';
import { modelBytes, shards as shardsMost, textBytes } from '../foreign/limits.ts';
import { checkTensors, policyConfigFromHuggingFace } from '../policy/checkpoint.ts';
import type { NamedTensors, PolicyConfig } from '../policy/config.ts';
import { policyConfig, policyPresetNames } from '../policy/config.ts';
import { CheckpointError, readSafetensors, type SafetensorsFile } from '../policy/safetensors.ts';
import { shapeProblem, shapeText } from '../policy/shape.ts';
import { tokenTexts, vocabularySize } from '../tasks/vocabulary.ts';
import { weightsPart } from '../train/checkpointFile.ts';
import type { RunSettings } from '../train/settings.ts';

export interface ReadModel {
  readonly config: PolicyConfig;
  readonly tensors: NamedTensors;
}

const indexName = 'model.safetensors.index.json';

const indexSchema = z.object({ weight_map: z.record(z.string(), z.string()) });
const tokenizerSchema = z.looseObject({
  model: z.looseObject({ vocab: z.record(z.string(), z.int()) }),
  added_tokens: z.array(z.looseObject({ id: z.int(), content: z.string() })).default([]),
});

/** The files that are read, of all that a folder may hold. */
export function isModelFile(name: string): boolean {
  return ['config.json', 'tokenizer.json', indexName].includes(name) || name.endsWith('.safetensors');
}

/**
 * @param files by name, without folders
 * @throws CheckpointError
 */
export function readModel(files: ReadonlyMap<string, Uint8Array>): ReadModel {
  const size = [...files.values()].reduce((sum, { byteLength }) => sum + byteLength, 0);
  if (size > modelBytes)
    throw new CheckpointError(
      `These files have ${Math.round(size / 2 ** 20)} MB, more than a policy of this lab has.`,
    );
  const tokenizer = files.get('tokenizer.json');
  if (tokenizer !== undefined) checkTokenizer(tokenizer);
  const weights = readWeightFiles(files);
  const config = policyConfigFromHuggingFace(configJson(files.get('config.json'), weights));
  if (config.vocabularySize !== vocabularySize)
    throw new CheckpointError(
      `The model reads ${config.vocabularySize} tokens; the lab’s policies read its own ${vocabularySize} (src/tasks/vocabulary.ts), so this one’s letters mean something else.`,
    );
  const problem = shapeProblem(config);
  if (problem !== undefined) throw new CheckpointError(problem);
  return { config, tensors: checkTensors(config, ofPolicy(config, weightsPart(weights.tensors))) };
}

/** The settings of a run that begins from such a model: the lab's size that it has, or else its own shape. */
export function policySettings(
  { config }: ReadModel,
  { preset }: RunSettings['policy'],
): RunSettings['policy'] {
  const word = shapeText(config);
  const isNamed = (name: RunSettings['policy']['preset']) =>
    shapeText(policyConfig(name, vocabularySize)) === word;
  const named = isNamed(preset) ? preset : policyPresetNames.find(isNamed);
  return named === undefined
    ? { preset, base: 'scratch', shape: word }
    : { preset: named, base: 'scratch', shape: '' };
}

/** A head that repeats the embedding is left out where it is tied to it; some writers store it all the same. */
function ofPolicy(config: PolicyConfig, tensors: NamedTensors): NamedTensors {
  const head = tensors.get('lm_head.weight');
  const embedding = tensors.get('model.embed_tokens.weight');
  if (!config.tieWordEmbeddings || head === undefined || embedding === undefined) return tensors;
  if (head.data.length !== embedding.data.length || head.data.some((value, i) => value !== embedding.data[i]))
    throw new CheckpointError(
      'The config ties the head to the embedding, but the file has a head of its own; one of them is wrong.',
    );
  return new Map([...tensors].filter(([name]) => name !== 'lm_head.weight'));
}

function readWeightFiles(files: ReadonlyMap<string, Uint8Array>): SafetensorsFile {
  const index = files.get(indexName);
  const names = [...files.keys()].filter((name) => name.endsWith('.safetensors'));
  const [only] = names;
  if (index !== undefined) return readShards(jsonOf(index, indexName), files);
  if (only === undefined)
    throw new CheckpointError(
      'There is no .safetensors file; a model is a config.json with model.safetensors beside it.',
    );
  if (names.length > 1)
    throw new CheckpointError(
      `There are ${names.length} .safetensors files and no ${indexName} that says which tensor is where; choose one, or add the index.`,
    );
  return readSafetensors(files.get(only)!); // a name of the map
}

function readShards(json: unknown, files: ReadonlyMap<string, Uint8Array>): SafetensorsFile {
  const index = indexSchema.safeParse(json);
  if (!index.success) throw new CheckpointError(`The file ${indexName} is damaged: it has no "weight_map".`);
  const { weight_map: map } = index.data;
  const names = [...new Set(Object.values(map))];
  if (names.length > shardsMost)
    throw new CheckpointError(
      `The file ${indexName} names ${names.length} shards; that is no policy of this lab.`,
    );
  const shards = new Map<string, SafetensorsFile>();
  for (const name of names) {
    const bytes = files.get(name);
    if (bytes === undefined)
      throw new CheckpointError(
        `The shard “${name.slice(0, 80)}” is missing; choose all files of the folder.`,
      );
    shards.set(name, readSafetensors(bytes));
  }
  const tensors = new Map(
    Object.entries(map).map(([tensor, shard]) => {
      const stored = shards.get(shard)?.tensors.get(tensor);
      if (stored === undefined)
        throw new CheckpointError(
          `The index says that tensor "${tensor.slice(0, 80)}" is in “${shard.slice(0, 80)}”, but it is not.`,
        );
      return [tensor, stored] as const;
    }),
  );
  return { tensors, metadata: {} };
}

function configJson(bytes: Uint8Array | undefined, { metadata }: SafetensorsFile): unknown {
  if (bytes !== undefined) return jsonOf(bytes, 'config.json');
  const embedded = metadata['config'];
  if (embedded === undefined)
    throw new CheckpointError(
      'The weights do not say their config; choose the folder, or config.json together with them.',
    );
  return jsonOf(new TextEncoder().encode(embedded), 'config in the weights');
}

function checkTokenizer(bytes: Uint8Array): void {
  const parsed = tokenizerSchema.safeParse(jsonOf(bytes, 'tokenizer.json'));
  if (!parsed.success)
    throw new CheckpointError(
      'The file tokenizer.json is damaged, or of a kind that this lab does not know.',
    );
  const ids = new Map(Object.entries(parsed.data.model.vocab));
  for (const { content, id } of parsed.data.added_tokens) ids.set(content, id);
  if (ids.size !== vocabularySize || tokenTexts.some((text, id) => ids.get(text) !== id))
    throw new CheckpointError(
      `The tokenizer has ${ids.size} tokens that are not the lab’s ${vocabularySize}; a policy begins here only with the lab’s own tokenizer.json.`,
    );
}

function jsonOf(bytes: Uint8Array, name: string): unknown {
  const damaged = (why: string) => new CheckpointError(`The file ${name} is damaged: ${why}`);
  if (bytes.length > textBytes) throw damaged('it is far larger than that of any policy of this lab.');
  const parsed = parseJson(new TextDecoder().decode(bytes));
  if (!parsed.ok) throw damaged(parsed.message);
  return parsed.json;
}
