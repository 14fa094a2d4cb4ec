/**
 * Policy checkpoints: one safetensors file that holds the weights and, in its metadata, Hugging Face's `config.json`.
 *
 * Invariants. (1) Tensor names, shapes and the config's fields are Hugging Face's, so the weights plus `huggingFaceConfig`
 * written beside them load as `Qwen3ForCausalLM`. (2) `readCheckpoint` returns a complete, finite set of tensors for the
 * config it returns, or throws `CheckpointError` with a sentence for people.
 * Two fields need care, because their defaults in Transformers are wrong here: head_dim, and RoPE's theta in both its spellings.
 */
import { parseJson } from '../foreign/json.ts';
import { policy as limits } from '../foreign/limits.ts';
import type { NamedTensor, NamedTensors, PolicyConfig } from './config.ts';
import { tensorShapes } from './config.ts';
import type { WrittenTensor } from './safetensors.ts';
import { CheckpointError, narrowFloat16, readSafetensors, writeSafetensors } from './safetensors.ts';

/** What the policy's shape alone does not say; the caller knows its vocabulary and contexts. */
export interface CheckpointContext {
  readonly maxPositionEmbeddings: number;
  readonly bosTokenId: number | null;
  readonly eosTokenId: number | null;
  readonly padTokenId: number | null;
}

export interface Checkpoint {
  readonly config: PolicyConfig;
  readonly tensors: NamedTensors;
  /** Further strings of the file's metadata (run id, step, vocabulary), without `format` and `config`. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** The object of a `config.json` that loads these weights as `Qwen3ForCausalLM` (transformers 4 and 5). */
export function huggingFaceConfig(config: PolicyConfig, context: CheckpointContext) {
  return {
    architectures: ['Qwen3ForCausalLM'],
    model_type: 'qwen3',
    vocab_size: config.vocabularySize,
    hidden_size: config.hiddenSize,
    intermediate_size: config.intermediateSize,
    num_hidden_layers: config.layers,
    num_attention_heads: config.heads,
    num_key_value_heads: config.kvHeads,
    head_dim: config.headDim,
    hidden_act: 'silu',
    max_position_embeddings: context.maxPositionEmbeddings,
    rms_norm_eps: config.rmsNormEps,
    attention_bias: false,
    attention_dropout: 0,
    tie_word_embeddings: config.tieWordEmbeddings,
    rope_theta: config.ropeTheta,
    rope_parameters: { rope_type: 'default', rope_theta: config.ropeTheta },
    rope_scaling: null,
    use_sliding_window: false,
    sliding_window: null,
    max_window_layers: config.layers,
    layer_types: Array.from({ length: config.layers }, () => 'full_attention'),
    initializer_range: 0.02,
    use_cache: true,
    bos_token_id: context.bosTokenId,
    eos_token_id: context.eosTokenId,
    pad_token_id: context.padTokenId,
    torch_dtype: 'float32',
    dtype: 'float32',
  };
}

/** Recover the policy's shape from a parsed `config.json`. Throws `CheckpointError`. */
export function policyConfigFromHuggingFace(value: unknown): PolicyConfig {
  if (typeof value !== 'object' || value === null) {
    throw new CheckpointError('The checkpoint has no config: expected a JSON object.');
  }
  const fields = value as Record<string, unknown>;
  if (fields['model_type'] !== 'qwen3') {
    throw new CheckpointError(
      `The checkpoint is of type ${inWords(fields['model_type'])}; this lab loads "qwen3".`,
    );
  }
  const size = (key: string, most: number) => {
    const n = fields[key];
    if (typeof n === 'number' && Number.isSafeInteger(n) && n > most)
      throw new CheckpointError(
        `The checkpoint's config has a "${key}" of ${n}; this lab loads up to ${most}.`,
      );
    if (typeof n === 'number' && Number.isSafeInteger(n) && n > 0) return n;
    throw new CheckpointError(`The checkpoint's config has no usable "${key}" (a whole number above zero).`);
  };
  const ropeParameters = fields['rope_parameters'] as
    | { rope_theta?: unknown; rope_type?: unknown }
    | null
    | undefined;
  const ropeTheta = positive('rope_theta', fields['rope_theta'] ?? ropeParameters?.rope_theta);
  const tied = fields['tie_word_embeddings'] ?? false;
  if (typeof tied !== 'boolean') {
    throw new CheckpointError(
      'The checkpoint\'s config has no usable "tie_word_embeddings" (true or false).',
    );
  }
  if (fields['attention_bias'] === true) {
    throw new CheckpointError('The checkpoint has attention biases, which this lab does not load.');
  }
  const ropeType = ropeParameters?.rope_type ?? 'default';
  if ((fields['rope_scaling'] ?? null) !== null || ropeType !== 'default') {
    throw new CheckpointError('The checkpoint scales its rotary positions, which this lab does not compute.');
  }
  if (ropeParameters?.rope_theta !== undefined && ropeParameters.rope_theta !== ropeTheta) {
    throw new CheckpointError("The checkpoint's config names two different values of rope_theta.");
  }
  const layerTypes = fields['layer_types'] ?? [];
  const isFull = Array.isArray(layerTypes) && layerTypes.every((type) => type === 'full_attention');
  if (fields['use_sliding_window'] === true || !isFull) {
    throw new CheckpointError('The checkpoint attends in a sliding window, which this lab does not compute.');
  }
  if ((fields['hidden_act'] ?? 'silu') !== 'silu') {
    throw new CheckpointError(
      `The checkpoint's activation is ${inWords(fields['hidden_act'])}; this lab computes "silu".`,
    );
  }
  const config: PolicyConfig = {
    vocabularySize: size('vocab_size', limits.vocabularySize),
    hiddenSize: size('hidden_size', limits.hiddenSize),
    layers: size('num_hidden_layers', limits.layers),
    heads: size('num_attention_heads', limits.heads),
    kvHeads: size('num_key_value_heads', limits.heads),
    headDim: size('head_dim', limits.headDim),
    intermediateSize: size('intermediate_size', limits.intermediateSize),
    rmsNormEps: positive('rms_norm_eps', fields['rms_norm_eps']),
    ropeTheta,
    tieWordEmbeddings: tied,
  };
  if (config.heads % config.kvHeads !== 0) {
    throw new CheckpointError("The checkpoint's key/value heads do not divide its attention heads.");
  }
  if (config.headDim % 2 !== 0) {
    throw new CheckpointError("The checkpoint's head_dim is odd; rotary positions need pairs.");
  }
  return config;
}

/** A value of a file, short enough for a sentence. */
function inWords(value: unknown): string {
  return (JSON.stringify(value) ?? 'nothing').slice(0, 80);
}

function positive(key: string, value: unknown): number {
  if (typeof value === 'number' && Number.isFinite(value) && value > 0) return value;
  throw new CheckpointError(`The checkpoint's config has no usable "${key}" (a number above zero).`);
}

/**
 * The bytes of a checkpoint. `tensors` must be `tensorShapes(config)`'s.
 * @param dtype F16 takes half the bytes and rounds every weight to 11 bits
 */
export function writeCheckpoint(
  checkpoint: Checkpoint,
  context: CheckpointContext,
  dtype: 'F32' | 'F16' = 'F32',
): Uint8Array {
  const stored = new Map<string, WrittenTensor>();
  for (const [name, { shape, data }] of checkTensors(checkpoint.config, checkpoint.tensors)) {
    stored.set(
      name,
      dtype === 'F32'
        ? { dtype, shape, data }
        : { dtype, shape, data: Uint16Array.from(data, narrowFloat16) },
    );
  }
  const config = JSON.stringify(huggingFaceConfig(checkpoint.config, context));
  return writeSafetensors({ tensors: stored, metadata: { ...checkpoint.metadata, config } });
}

/**
 * @param configJson the parsed `config.json`, for a file from elsewhere whose metadata has none
 * @throws CheckpointError
 */
export function readCheckpoint(bytes: Uint8Array, configJson?: unknown): Checkpoint {
  const file = readSafetensors(bytes);
  const embedded = file.metadata['config'];
  const metadata = Object.fromEntries(
    Object.entries(file.metadata).filter(([key]) => key !== 'format' && key !== 'config'),
  );
  const config = policyConfigFromHuggingFace(configJson ?? parseEmbeddedConfig(embedded));
  const tensors = new Map<string, NamedTensor>();
  for (const [name, tensor] of file.tensors) {
    if (tensor.dtype === 'F32') tensors.set(name, { shape: tensor.shape, data: tensor.data });
  }
  return { config, tensors: checkTensors(config, tensors), metadata };
}

/** The numbers that a forward pass takes from the config and that no tensor's shape tells, by Hugging Face's names. */
const computedWith = {
  head_dim: (config: PolicyConfig) => config.headDim,
  rope_theta: (config: PolicyConfig) => config.ropeTheta,
  rms_norm_eps: (config: PolicyConfig) => config.rmsNormEps,
} as const;

/**
 * Refuse weights that were trained with other numbers than the ones this policy computes with: their tensors may fit, and the
 * policy would then be another one in silence.
 * @throws CheckpointError
 */
export function checkComputation(ofFile: PolicyConfig, ofPolicy: PolicyConfig): void {
  for (const [name, read] of Object.entries(computedWith)) {
    if (read(ofFile) === read(ofPolicy)) continue;
    throw new CheckpointError(
      `The checkpoint was trained with ${name} ${read(ofFile)}, but this policy computes with ${read(ofPolicy)}; take weights of the same ${name}.`,
    );
  }
}

/** The policy's shape as a file's metadata tells it. Throws `CheckpointError`. */
export function embeddedConfig(metadata: Readonly<Record<string, string>>): PolicyConfig {
  return policyConfigFromHuggingFace(parseEmbeddedConfig(metadata['config']));
}

function parseEmbeddedConfig(text: string | undefined): unknown {
  if (text === undefined) {
    throw new CheckpointError('The checkpoint does not carry its config; load its config.json with it.');
  }
  const parsed = parseJson(text);
  if (!parsed.ok) throw new CheckpointError("The file is damaged: the checkpoint's config is not JSON.");
  return parsed.json;
}

/** The tensors of `config` in checkpoint order. Throws `CheckpointError` where one is missing, misshapen or not finite. */
export function checkTensors(config: PolicyConfig, tensors: NamedTensors): NamedTensors {
  const checked = new Map<string, NamedTensor>();
  for (const [name, shape] of tensorShapes(config)) {
    const tensor = tensors.get(name);
    if (!tensor) throw new CheckpointError(`The checkpoint has no tensor "${name}".`);
    if (tensor.shape.join() !== shape.join() || tensor.data.length !== shape.reduce((a, b) => a * b, 1)) {
      throw new CheckpointError(
        `Tensor "${name}" has shape [${tensor.shape.join(', ')}]; the policy needs [${shape.join(', ')}].`,
      );
    }
    if (!tensor.data.every(Number.isFinite)) {
      throw new CheckpointError(`Tensor "${name}" holds a number that is not finite.`);
    }
    checked.set(name, tensor);
  }
  const extra = [...tensors.keys()].find((name) => !checked.has(name));
  if (extra !== undefined)
    throw new CheckpointError(`The checkpoint has a tensor this policy does not: "${extra.slice(0, 80)}".`);
  return checked;
}
