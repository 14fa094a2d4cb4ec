/**
 * Where every named tensor lives in the flat parameter buffer (and in the gradient, m and v buffers, which share it).
 *
 * Invariant: tensors that one matmul reads together (q, k, v; gate, up; q_norm, k_norm) are contiguous, so that they are
 * one matrix to the kernels; each such group starts at a multiple of 64 floats (256 bytes, WebGPU's alignment for
 * a bound range) and is decayed by AdamW as a whole or not at all. The gaps between groups are zero and stay zero.
 */
import { isDecayed, tensorShapes, type NamedTensors, type PolicyConfig } from '../../policy/config.ts';

const ALIGNMENT = 64; // floats

export interface TensorPlace {
  readonly name: string;
  readonly shape: readonly number[];
  readonly offset: number; // floats
  readonly size: number; // floats
}

/** A range that kernels bind: offset a multiple of 64 floats. */
export interface GroupPlace {
  readonly offset: number; // floats
  readonly size: number; // floats
  readonly decayed: boolean;
}

export interface LayerGroups {
  readonly inputNorm: GroupPlace; // [dModel]
  readonly qkv: GroupPlace; // [dQuery + 2 dKey, dModel]
  readonly qkNorm: GroupPlace; // [2, headDim]
  readonly output: GroupPlace; // [dModel, dQuery]
  readonly postNorm: GroupPlace; // [dModel]
  readonly gateUp: GroupPlace; // [2 dFfn, dModel]
  readonly down: GroupPlace; // [dModel, dFfn]
}

export interface ParameterLayout {
  readonly tensors: ReadonlyMap<string, TensorPlace>;
  readonly embedding: GroupPlace; // [vocabulary, dModel]
  readonly layers: readonly LayerGroups[];
  readonly finalNorm: GroupPlace; // [dModel]
  /** The embedding itself when the head is tied. // [vocabulary, dModel] */
  readonly head: GroupPlace;
  /** Length of the flat buffers in floats, a multiple of 64. */
  readonly size: number;
  /** 1 for every block of 64 floats that weight decay applies to. // [size / 64] */
  readonly decayedBlocks: Uint32Array;
}

/** Lay out all tensors of `config`. Shapes are `tensorShapes`'. */
export function parameterLayout(config: PolicyConfig): ParameterLayout {
  const shapes = tensorShapes(config);
  const tensors = new Map<string, TensorPlace>();
  const groups: GroupPlace[] = [];
  let end = 0;
  const group = (...names: readonly string[]): GroupPlace => {
    const offset = Math.ceil(end / ALIGNMENT) * ALIGNMENT;
    end = offset;
    let decayed = false;
    for (const name of names) {
      const shape = shapes.get(name);
      if (!shape) throw new Error(`The policy has no tensor ${name}.`);
      const size = shape.reduce((product, n) => product * n, 1);
      tensors.set(name, { name, shape, offset: end, size });
      end += size;
      decayed = isDecayed(name, shape);
    }
    const place = { offset, size: end - offset, decayed };
    groups.push(place);
    return place;
  };
  const embedding = group('model.embed_tokens.weight');
  const layers: LayerGroups[] = [];
  for (let layer = 0; layer < config.layers; layer++) {
    const p = `model.layers.${layer}.`;
    const attention = `${p}self_attn.`;
    layers.push({
      inputNorm: group(`${p}input_layernorm.weight`),
      qkv: group(`${attention}q_proj.weight`, `${attention}k_proj.weight`, `${attention}v_proj.weight`),
      qkNorm: group(`${attention}q_norm.weight`, `${attention}k_norm.weight`),
      output: group(`${attention}o_proj.weight`),
      postNorm: group(`${p}post_attention_layernorm.weight`),
      gateUp: group(`${p}mlp.gate_proj.weight`, `${p}mlp.up_proj.weight`),
      down: group(`${p}mlp.down_proj.weight`),
    });
  }
  const finalNorm = group('model.norm.weight');
  const head = config.tieWordEmbeddings ? embedding : group('lm_head.weight');
  const size = Math.ceil(end / ALIGNMENT) * ALIGNMENT;
  const decayedBlocks = new Uint32Array(size / ALIGNMENT);
  for (const place of groups) {
    if (!place.decayed) continue;
    decayedBlocks.fill(1, place.offset / ALIGNMENT, Math.ceil((place.offset + place.size) / ALIGNMENT));
  }
  return { tensors, embedding, layers, finalNorm, head, size, decayedBlocks };
}

/** Flatten named tensors. Throws a sentence that names the first missing, extra or misshapen tensor. */
export function flattenTensors(layout: ParameterLayout, tensors: NamedTensors): Float32Array<ArrayBuffer> {
  const flat = new Float32Array(layout.size);
  for (const place of layout.tensors.values()) {
    const tensor = tensors.get(place.name);
    if (!tensor) throw new Error(`The tensor ${place.name} is missing.`);
    if (tensor.shape.join() !== place.shape.join() || tensor.data.length !== place.size) {
      throw new Error(
        `The tensor ${place.name} has shape [${tensor.shape.join(', ')}], the policy's is [${place.shape.join(', ')}].`,
      );
    }
    flat.set(tensor.data, place.offset);
  }
  for (const name of tensors.keys()) {
    if (!layout.tensors.has(name)) throw new Error(`The policy has no tensor ${name}.`);
  }
  return flat;
}

/** The reverse of `flattenTensors`, in checkpoint order. */
export function namedTensors(
  layout: ParameterLayout,
  config: PolicyConfig,
  flat: Float32Array,
): NamedTensors {
  const named = new Map<string, { shape: readonly number[]; data: Float32Array }>();
  for (const [name, shape] of tensorShapes(config)) {
    const place = layout.tensors.get(name);
    if (!place) throw new Error(`The policy has no tensor ${name}.`);
    named.set(name, { shape, data: flat.slice(place.offset, place.offset + place.size) });
  }
  return named;
}
