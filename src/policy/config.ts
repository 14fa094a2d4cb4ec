/**
 * The policy's shape: a Qwen3-style decoder, its presets, and the names and shapes of its tensors.
 *
 * Field names are Hugging Face's (`Qwen3Config`) in camelCase; tensor names are Hugging Face's to the letter, so a
 * checkpoint written here loads as `Qwen3ForCausalLM`. RMSNorm (eps inside the root), q/k norm over headDim before
 * rotate-half RoPE, grouped-query attention, SwiGLU, no biases, tied or untied head.
 */

export interface PolicyConfig {
  readonly vocabularySize: number;
  readonly hiddenSize: number; // dModel
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number; // divides heads
  readonly headDim: number; // even (RoPE turns pairs)
  readonly intermediateSize: number; // the FFN's width
  readonly rmsNormEps: number;
  readonly ropeTheta: number;
  readonly tieWordEmbeddings: boolean;
}

export const policyPresetNames = ['micro', 'mini', 'nano', 'small', 'base'] as const;
export type PolicyPresetName = (typeof policyPresetNames)[number];

const common = { rmsNormEps: 1e-6, ropeTheta: 10_000, tieWordEmbeddings: false } as const;

/** Presets without their vocabulary, which the tasks own. `mini` and `nano` are the sizes on which collapse was first measured. */
const policyPresets: Record<PolicyPresetName, Omit<PolicyConfig, 'vocabularySize'>> = {
  micro: { ...common, hiddenSize: 32, layers: 2, heads: 2, kvHeads: 2, headDim: 16, intermediateSize: 64 },
  mini: { ...common, hiddenSize: 64, layers: 2, heads: 4, kvHeads: 4, headDim: 16, intermediateSize: 160 },
  nano: { ...common, hiddenSize: 96, layers: 3, heads: 4, kvHeads: 4, headDim: 24, intermediateSize: 256 },
  small: { ...common, hiddenSize: 224, layers: 4, heads: 8, kvHeads: 4, headDim: 28, intermediateSize: 608 },
  base: { ...common, hiddenSize: 384, layers: 6, heads: 8, kvHeads: 4, headDim: 48, intermediateSize: 1024 },
};

export function policyConfig(preset: PolicyPresetName, vocabularySize: number): PolicyConfig {
  return { ...policyPresets[preset], vocabularySize };
}

/** One named tensor: row-major float32, matrices `[out, in]` as torch's Linear stores them. */
export interface NamedTensor {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}

export type NamedTensors = ReadonlyMap<string, NamedTensor>;

/** Every tensor of a policy, in checkpoint order, by Hugging Face name. */
export function tensorShapes(config: PolicyConfig): ReadonlyMap<string, readonly number[]> {
  const { vocabularySize: vocabulary, hiddenSize: dModel, headDim, intermediateSize: dFfn } = config;
  const dQuery = config.heads * headDim;
  const dKey = config.kvHeads * headDim;
  const shapes = new Map<string, readonly number[]>([['model.embed_tokens.weight', [vocabulary, dModel]]]);
  for (let layer = 0; layer < config.layers; layer++) {
    const prefix = `model.layers.${layer}.`;
    shapes.set(`${prefix}input_layernorm.weight`, [dModel]);
    shapes.set(`${prefix}self_attn.q_proj.weight`, [dQuery, dModel]);
    shapes.set(`${prefix}self_attn.k_proj.weight`, [dKey, dModel]);
    shapes.set(`${prefix}self_attn.v_proj.weight`, [dKey, dModel]);
    shapes.set(`${prefix}self_attn.o_proj.weight`, [dModel, dQuery]);
    shapes.set(`${prefix}self_attn.q_norm.weight`, [headDim]);
    shapes.set(`${prefix}self_attn.k_norm.weight`, [headDim]);
    shapes.set(`${prefix}post_attention_layernorm.weight`, [dModel]);
    shapes.set(`${prefix}mlp.gate_proj.weight`, [dFfn, dModel]);
    shapes.set(`${prefix}mlp.up_proj.weight`, [dFfn, dModel]);
    shapes.set(`${prefix}mlp.down_proj.weight`, [dModel, dFfn]);
  }
  shapes.set('model.norm.weight', [dModel]);
  if (!config.tieWordEmbeddings) shapes.set('lm_head.weight', [vocabulary, dModel]);
  return shapes;
}

/** Number of trained parameters. */
export function parameterCount(config: PolicyConfig): number {
  let count = 0;
  for (const shape of tensorShapes(config).values()) count += shape.reduce((size, n) => size * n, 1);
  return count;
}

/** AdamW decays matrices only: no norms, no embedding, no tied head; an untied head is a matrix like any other. */
export function isDecayed(name: string, shape: readonly number[]): boolean {
  return shape.length === 2 && !name.includes('embed');
}
